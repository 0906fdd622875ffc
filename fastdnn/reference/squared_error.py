"""The squared error of each row, and its gradient: one of the elementwise losses."""

from fastdnn.reference.elementwise_loss import squared_error, squared_error_backward

__all__ = ["squared_error", "squared_error_backward"]
