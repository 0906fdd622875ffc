#pragma once

#include <cstdint>

namespace fastdnn::native {

// Tries all float32 numbers, or as many as there is time for, from a chunk of them that `first` chooses, and prints
// the largest error of each function. Returns whether all are within their contract.
bool every_float(double seconds, std::uint32_t first);

}  // namespace fastdnn::native
