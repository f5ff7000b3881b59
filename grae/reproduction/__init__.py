"""Reproduction of published experiments, from data to table."""

from grae.reproduction.moses import Sets, reproduce_moses
from grae.reproduction.pmo import reproduce_pmo
from grae.reproduction.scales import SCALES, Scale
from grae.reproduction.structured import MODELS, reproduce_structured

__all__ = ["MODELS", "SCALES", "Scale", "Sets", "reproduce_moses", "reproduce_pmo", "reproduce_structured"]
