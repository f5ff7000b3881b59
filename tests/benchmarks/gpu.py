"""Short GPU benchmarks in resumable stages.

    python tests/benchmarks/gpu.py check --minutes 2 --out gpu/check
    python tests/benchmarks/gpu.py paper-zinc --minutes 9 --out gpu/paper [--resume gpu/paper-before]
    python tests/benchmarks/gpu.py unpack --resume gpu/paper --out runs/gpu      # ordinary runs, for `grae evaluate`

check       training, resuming, bfloat16, encoding, sampling, densities, search and images; CPU against GPU; speed
zinc        a larger version of the default model, on all of ZINC250k
mnist, cifar10, celeba      the paper's image models: table and figure
paper-zinc  the four published structured models, published network and loss, on all of ZINC250k
scale       speed against batch size and width; the default and a model ten times larger, trained equally long
unpack      restores ordinary runs from the output of an earlier call

Each stage ends within --minutes, including start-up, and prints one line of JSON per result. --out receives
results.jsonl, state.json, and the weights in parts of less than 16 MB, at most eight files; --resume takes such a
folder. --small shrinks data and networks, so that a stage runs on a CPU in seconds.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BEGAN = time.monotonic()
MINUTES = {"check": 2.0, "scale": 3.0}
STAGES = ("check", "zinc", "mnist", "cifar10", "celeba", "paper-zinc", "scale", "unpack")


def main(given: Sequence[str] | None = None, *, began: float = BEGAN) -> int:
    """Runs a stage.

    Args:
        given: command-line arguments; None for those of the process.
        began: `time.monotonic()` at the start of the program.

    Returns:
        0; 1 if a check failed or time ran out; 2 for invalid input.
    """
    arguments = _parser().parse_args(given)
    if arguments.threads:
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    from gpu_stages.session import Clock, Session, machine

    from grae.errors import GraeError

    clock = Clock(60 * (arguments.minutes or MINUTES.get(arguments.stage, 9.5)), began=began)
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        session = Session(
            arguments.stage,
            clock,
            arguments.out,
            arguments.resume,
            Path(scratch),
            small=arguments.small,
            device=arguments.device,
            seed=arguments.seed,
            given=dict(arguments.set),
            models=arguments.models,
            projector=arguments.projector,
        )
        try:
            if arguments.stage != "unpack":
                session.take_up()
            with clock.enforced():
                session.tell("machine", **machine(arguments.device))
                _run(session)
        except KeyboardInterrupt:
            session.write_state()
            session.tell("end", complete=False, why="out of time")
            return 1
        except GraeError as error:
            if session.state:
                session.write_state()
            print(f"gpu: {error}", file=sys.stderr)
            return 2
        session.write_state()
        failed = session.state.get("failed", [])
        session.tell("end", complete=True, failed=failed)
        return 1 if failed else 0


def _run(session: Any) -> None:
    """Runs the stage; imports only its modules."""
    if session.stage == "unpack":
        from gpu_stages.strings import opened_for_use

        from grae.errors import SettingsError

        if session.before is None:
            raise SettingsError("--resume is missing", remedy="give the output folder of an earlier call")
        opened_for_use(session, session.before)
        return
    if session.stage == "check":
        from gpu_stages.check import check

        check(session)
    elif session.stage == "scale":
        from gpu_stages.scale import scale

        scale(session)
    elif session.stage in ("zinc", "paper-zinc"):
        from gpu_stages import strings

        (strings.zinc if session.stage == "zinc" else strings.paper_zinc)(session)
    else:
        from gpu_stages.pictures import table

        table(session)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument(
        "--minutes", type=float, help="time limit including start-up [default: 2 for check, 3 for scale, else 9.5]"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("runs/gpu"), metavar="DIR", help="output folder [default: runs/gpu]"
    )
    parser.add_argument("--resume", type=Path, metavar="DIR", help="output folder of an earlier call")
    parser.add_argument("--small", action="store_true", help="shrink data and networks")
    parser.add_argument("--models", type=_names, help="models to train, separated by commas")
    parser.add_argument("--projector", type=Path, help="projector for image distances; also a path in GRAE_DATA_HOME")
    parser.add_argument("--set", type=_setting, action="append", default=[], metavar="NAME=JSON",
                        help="parameter of the estimator, such as batch_size=2048; may be repeated")  # fmt: skip
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="number of CPU threads")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=JSON")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"{value!r} is not valid JSON: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
