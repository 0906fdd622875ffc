#include "kernels/sum_of_squares.h"

#include <algorithm>
#include <cmath>

#include "isa/table.h"

namespace fastdnn {
namespace {

// A part is a call of some 50 ns at least: not less than that many elements, in whole cache lines.
constexpr Index kSmallestPart = 1024;

Index part_size(Index n) {
  constexpr Index kLine = 64;
  return std::max(kSmallestPart, (n / kSquareParts / kLine + 1) * kLine);
}

}  // namespace

template <class T>
double sum_of_squares(Team& team, double* partial, const T* x, Index n) {
  const Index size = part_size(n);
  const Range parts = team.share(kSquareParts);
  for (Index p = parts.begin; p < parts.end; ++p) {
    const Index begin = std::min(n, p * size);
    const Index end = std::min(n, begin + size);
    partial[p] = begin < end ? kernels<T>().sum_of_squares(x + begin, end - begin) : 0;
  }
  team.barrier();
  double sums[kSquareParts];
  std::copy(partial, partial + kSquareParts, sums);
  for (Index half = kSquareParts / 2; half > 0; half /= 2) {
    for (Index p = 0; p < half; ++p) sums[p] += sums[p + half];
  }
  return sums[0];
}

double clip_scale(double sum_of_squares, double limit) {
  const double norm = std::sqrt(sum_of_squares);
  return norm <= limit ? 1 : limit / norm;
}

template double sum_of_squares(Team&, double*, const float*, Index);
template double sum_of_squares(Team&, double*, const double*, Index);

}  // namespace fastdnn
