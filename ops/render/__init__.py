"""The files that the tasks of a stack run with, as ECS and the entry points create them from a declaration."""

from ops.render.files import IMAGES, task_files, write_files
from ops.render.tasks import RenderedStack, RenderedTask, render_stack

__all__ = ["IMAGES", "RenderedStack", "RenderedTask", "render_stack", "task_files", "write_files"]
