"""Mistral: the layout of LLaMA."""

from heavytail.models.families.llama import FAMILY as FAMILY
