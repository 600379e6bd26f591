"""GLM 4: the layout of GLM."""

from heavytail.models.families.glm import FAMILY as FAMILY
