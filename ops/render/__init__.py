"""What the tasks of a stack run with, as files: what ECS and the entry points make of a declaration."""

from ops.render.files import task_files, write
from ops.render.tasks import RenderedStack, RenderedTask, rendered

__all__ = ["RenderedStack", "RenderedTask", "rendered", "task_files", "write"]
