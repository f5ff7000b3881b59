"""Targets as a user may write them."""

import os
import sys
import time

NOT_A_FUNCTION = 3


def length(text: str) -> int:
    return len(text)


def fussy(text: str) -> float | None:
    if len(text) == 2:
        raise ValueError("no twos")
    return None if len(text) == 4 else float("inf") if len(text) == 5 else float(len(text))


def sleepy(text: str) -> int:
    if len(text) == 3:
        time.sleep(60)
    return len(text)


def deadly(text: str) -> int:
    if len(text) == 2:
        os._exit(3)
    return len(text)


def wordy(text: str) -> str:
    return text


def leaving(text: str) -> int:
    if len(text) == 2:
        sys.exit("gone")
    return len(text)


def fussy_many(texts: list[str]) -> list[int]:
    if "bb" in texts:
        raise ValueError("no twos")
    return [len(text) for text in texts]


def deadly_many(texts: list[str]) -> list[int]:
    if "bb" in texts:
        os._exit(3)
    return [len(text) for text in texts]


def valid_ones_many(texts: list[str]) -> list[int]:
    return [len(text) for text in texts if text != "bb"]
