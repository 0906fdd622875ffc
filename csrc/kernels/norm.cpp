#include "kernels/norm.h"

#include <algorithm>
#include <cmath>

#include "isa/table.h"

namespace fastdnn {
namespace {

// partials[c] = of_chunk(first element, size) for this thread's chunks; returns when all are there.
template <class OfChunk>
void for_chunks(Team& team, double* partials, Index n, const OfChunk& of_chunk) {
  const Range mine = team.share(partial_sums(n));
  for (Index c = mine.begin; c < mine.end; ++c) {
    const Index begin = c * kNormChunk;
    partials[c] = of_chunk(begin, std::min(kNormChunk, n - begin));
  }
  team.barrier();
}

template <class T>
double scaled_sum_of_squares(Team& team, double* partials, const T* x, Index n, double scale) {
  for_chunks(team, partials, n,
             [&](Index begin, Index size) { return kernels<T>().sum_of_squares(x + begin, size, scale); });
  return tree_sum(partials, partial_sums(n));
}

}  // namespace

double tree_sum(const double* x, Index n) {
  if (n > 8) {
    const Index half = n / 2;
    return tree_sum(x, half) + tree_sum(x + half, n - half);
  }
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += x[i];
  return sum;
}

template <class T>
double sum_of_squares(Team& team, double* partials, const T* x, Index n) {
  return scaled_sum_of_squares(team, partials, x, n, 1);
}

template <class T>
double l1_norm(Team& team, double* partials, const T* x, Index n) {
  for_chunks(team, partials, n,
             [&](Index begin, Index size) { return kernels<T>().sum_of_magnitudes(x + begin, size); });
  return tree_sum(partials, partial_sums(n));
}

template <class T>
double l2_norm(Team& team, double* partials, const T* x, Index n) {
  const double sum = scaled_sum_of_squares(team, partials, x, n, 1);
  // Then no square has overflown, and those that underflowed, each below 2^-1022, are nothing beside the sum:
  // 2^59 of them are below 2^-53 2^-900. Squares of float32 lie between 2^-298 and 2^256.
  if (std::isnan(sum) || (sum >= 0x1p-900 && std::isfinite(sum))) return std::sqrt(sum);
  team.barrier();  // until all have read the partials
  const double largest = max_abs(team, partials, x, n);
  if (largest == 0 || std::isinf(largest)) return largest;
  team.barrier();
  // A power of two is exact, and this range of them has no denormal number.
  const double scale = std::ldexp(1.0, std::clamp(-std::ilogb(largest), -1000, 1000));
  return std::sqrt(scaled_sum_of_squares(team, partials, x, n, scale)) / scale;
}

template <class T>
double max_abs(Team& team, double* partials, const T* x, Index n) {
  for_chunks(team, partials, n,
             [&](Index begin, Index size) { return kernels<T>().max_abs(x + begin, size); });
  double best = 0;
  for (Index c = 0; c < partial_sums(n); ++c) {
    if (!(partials[c] <= best)) best = partials[c];
    if (std::isnan(best)) break;
  }
  return best;
}

template double sum_of_squares(Team&, double*, const float*, Index);
template double sum_of_squares(Team&, double*, const double*, Index);
template double l1_norm(Team&, double*, const float*, Index);
template double l1_norm(Team&, double*, const double*, Index);
template double l2_norm(Team&, double*, const float*, Index);
template double l2_norm(Team&, double*, const double*, Index);
template double max_abs(Team&, double*, const float*, Index);
template double max_abs(Team&, double*, const double*, Index);

}  // namespace fastdnn
