"""The pipelines under test, by name, in the order of the table."""

from contrast.pipelines.data import Data
from contrast.pipelines.model import Model
from contrast.pipelines.pipeline import Pipeline
from contrast.pipelines.plain import Plain
from contrast.pipelines.tracking import Tracking
from contrast.pipelines.workflow import Workflow

PIPELINES: dict[str, type[Pipeline]] = {each.name: each for each in (Plain, Workflow, Data, Model, Tracking)}
