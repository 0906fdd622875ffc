// Random numbers by counter: a value is a function of (seed, stream, step, index), so that it does not matter
// who draws it, when, or how many were drawn before. Philox4x32-10: Salmon, Moraes, Dror & Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

#include "core/view.h"

namespace fastdnn {

// Who draws. Files and runs depend on these numbers: never renumber them.
enum class Stream : std::uint32_t { shuffle = 1, initializer = 2, dropout = 3, gaussian_noise = 4 };

// The stream of the k-th layer that draws: each has its own.
constexpr std::uint32_t layer_stream(Stream stream, std::uint32_t k) {
  return static_cast<std::uint32_t>(stream) + (k << 8U);
}

using PhiloxBlock = std::array<std::uint32_t, 4>;

// Ten rounds on one counter.
PhiloxBlock philox(PhiloxBlock counter, std::array<std::uint32_t, 2> key);

// Four 32-bit values of (seed, stream, step), the block-th four.
PhiloxBlock random_block(std::uint64_t seed, std::uint32_t stream, std::uint32_t step, std::uint64_t block);

// n numbers of (seed, stream, step) between 0 and 1, number `first` (even) and those after it: (b + 1/2) / 2^53,
// b the upper 53 bits of the words 2 i and 2 i + 1, the first of which is the high one.
void random_uniform(double* out, Index n, Index first, std::uint64_t seed, std::uint32_t stream,
                    std::uint32_t step);

// A random order of 0..n-1, n < 2^31, by Fisher and Yates from the last element down: position i (n-1..1)
// changes places with the high word of r_i * (i + 1), r_i the i-th 64-bit draw (little half first)
// of (seed, shuffle, epoch).
void random_permutation(std::int32_t* order, Index n, std::uint64_t seed, std::uint32_t epoch);

}  // namespace fastdnn
