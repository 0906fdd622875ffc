#include "kernels/dropout.h"

#include <algorithm>
#include <cmath>

#include "isa/table.h"

namespace fastdnn {
namespace {

template <class T>
void share_rows(const Team& team, Matrix<T> y, Matrix<const T> x, DropoutMask mask, bool accumulate) {
  const Range rows = team.share(y.rows);
  mask.first_row += rows.begin;
  kernels<T>().dropout(rows_of(y, rows), rows_of(x, rows), mask, accumulate);
}

}  // namespace

std::int32_t dropout_threshold(double rate) {
  return static_cast<std::int32_t>(std::min(std::floor(rate * 65536 + 0.5), 65535.0));
}

template <class T>
void dropout_forward(Team& team, Matrix<T> y, Matrix<const T> x, const DropoutMask& mask) {
  share_rows(team, y, x, mask, false);
}

template <class T>
void dropout_backward(Team& team, Matrix<T> dx, Matrix<const T> dy, const DropoutMask& mask,
                      bool accumulate) {
  share_rows(team, dx, dy, mask, accumulate);
}

template void dropout_forward(Team&, Matrix<float>, Matrix<const float>, const DropoutMask&);
template void dropout_forward(Team&, Matrix<double>, Matrix<const double>, const DropoutMask&);
template void dropout_backward(Team&, Matrix<float>, Matrix<const float>, const DropoutMask&, bool);
template void dropout_backward(Team&, Matrix<double>, Matrix<const double>, const DropoutMask&, bool);

}  // namespace fastdnn
