// How a sum over a flat vector is cut: into chunks of a fixed size, which threads share whole, and whose sums
// are combined in a fixed tree. So its bits do not depend on the number of threads.
#pragma once

#include <algorithm>

#include "core/team.h"

namespace fastdnn {

// In float64 a chunk is half of a first-level cache: small against a vector that is worth sharing.
constexpr Index kChunk = 4096;

constexpr Index partial_sums(Index n) {
  return (n + kChunk - 1) / kChunk;
}

// partials[c] = of_chunk(first element, size) for this thread's chunks of 0..n-1.
template <class OfChunk>
void fill_own_partials(const Team& team, double* partials, Index n, const OfChunk& of_chunk) {
  const Range mine = team.share(partial_sums(n));
  for (Index c = mine.begin; c < mine.end; ++c) {
    const Index begin = c * kChunk;
    partials[c] = of_chunk(begin, std::min(kChunk, n - begin));
  }
}

// The same; returns when all are there.
template <class OfChunk>
void fill_partials(Team& team, double* partials, Index n, const OfChunk& of_chunk) {
  fill_own_partials(team, partials, n, of_chunk);
  team.barrier();
}

// The sum of x (n,) in a tree that n fixes: log2(n / 8) + 8 roundings.
inline double tree_sum(const double* x, Index n) {
  if (n > 8) {
    const Index half = n / 2;
    return tree_sum(x, half) + tree_sum(x + half, n - half);
  }
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += x[i];
  return sum;
}

}  // namespace fastdnn
