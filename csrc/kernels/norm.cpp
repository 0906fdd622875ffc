#include "kernels/norm.h"

#include <cmath>

#include "isa/table.h"

namespace fastdnn {
namespace {

template <class T>
double sum_of_scaled_squares(Team& team, double* partials, const T* x, Index n, double scale) {
  fill_partials(team, partials, n, [&](Index begin, Index size) {
    return kernels<T>().sum_of_scaled_squares(x + begin, size, scale);
  });
  return tree_sum(partials, partial_sums(n));
}

}  // namespace

template <class T>
double l1_norm(Team& team, double* partials, const T* x, Index n) {
  fill_partials(team, partials, n,
                [&](Index begin, Index size) { return kernels<T>().sum_of_magnitudes(x + begin, size); });
  return tree_sum(partials, partial_sums(n));
}

template <class T>
double l2_norm(Team& team, double* partials, const T* x, Index n) {
  const double sum = sum_of_scaled_squares(team, partials, x, n, 1);
  // Then no square has overflown, and those that underflowed, each below 2^-1022, are nothing beside the sum:
  // 2^59 of them are below 2^-53 2^-900. Squares of float32 lie between 2^-298 and 2^256.
  if (std::isnan(sum) || (sum >= 0x1p-900 && std::isfinite(sum))) return std::sqrt(sum);
  team.barrier();  // until all have read the partials
  const double largest = max_abs(team, partials, x, n);
  if (largest == 0 || std::isinf(largest)) return largest;
  team.barrier();
  // A power of two is exact, and this range of them has no denormal number.
  const double scale = std::ldexp(1.0, std::clamp(-std::ilogb(largest), -1000, 1000));
  return std::sqrt(sum_of_scaled_squares(team, partials, x, n, scale)) / scale;
}

template <class T>
double max_abs(Team& team, double* partials, const T* x, Index n) {
  fill_partials(team, partials, n,
                [&](Index begin, Index size) { return kernels<T>().max_abs(x + begin, size); });
  double best = 0;
  for (Index c = 0; c < partial_sums(n) && !std::isnan(best); ++c) {
    if (!(partials[c] <= best)) best = partials[c];
  }
  return best;
}

double clip_scale(double norm, double limit) {
  return norm <= limit ? 1 : limit / norm;
}

template double l1_norm(Team&, double*, const float*, Index);
template double l1_norm(Team&, double*, const double*, Index);
template double l2_norm(Team&, double*, const float*, Index);
template double l2_norm(Team&, double*, const double*, Index);
template double max_abs(Team&, double*, const float*, Index);
template double max_abs(Team&, double*, const double*, Index);

}  // namespace fastdnn
