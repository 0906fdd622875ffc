"""Files: the safetensors layout, read and written without the safetensors library."""

from fastdnn.io.safetensors import FormatError, read_safetensors, write_safetensors

__all__ = ["FormatError", "read_safetensors", "write_safetensors"]
