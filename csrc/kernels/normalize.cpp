#include "kernels/normalize.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void normalize_forward(Team& team, Matrix<T> y, Matrix<const T> x, const T* mean, const T* std) {
  const Range rows = team.share(y.rows);
  kernels<T>().normalize_forward(rows_of(y, rows), rows_of(x, rows), mean, std);
}

template <class T>
void normalize_backward(Team& team, Matrix<T> dx, Matrix<const T> dy, const T* std, bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().normalize_backward(rows_of(dx, rows), rows_of(dy, rows), std, accumulate);
}

template void normalize_forward(Team&, Matrix<float>, Matrix<const float>, const float*, const float*);
template void normalize_forward(Team&, Matrix<double>, Matrix<const double>, const double*, const double*);
template void normalize_backward(Team&, Matrix<float>, Matrix<const float>, const float*, bool);
template void normalize_backward(Team&, Matrix<double>, Matrix<const double>, const double*, bool);

}  // namespace fastdnn
