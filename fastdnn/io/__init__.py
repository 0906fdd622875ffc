"""Files: the safetensors layout, read and written without the safetensors library."""

from fastdnn.io.files import FormatError
from fastdnn.io.safetensors import read_safetensors, write_safetensors

__all__ = ["FormatError", "read_safetensors", "write_safetensors"]
