#include "kernels/prelu.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void prelu_forward(Team& team, Matrix<T> y, Matrix<const T> x, const T* alpha) {
  const Range rows = team.share(y.rows);
  kernels<T>().prelu_forward(rows_of(y, rows), rows_of(x, rows), alpha);
}

template <class T>
void prelu_backward(Team& team, Matrix<T> dx, Matrix<const T> x, Matrix<const T> dy, const T* alpha,
                    bool accumulate) {
  const Range rows = team.share(dx.rows);
  kernels<T>().prelu_backward(rows_of(dx, rows), rows_of(x, rows), rows_of(dy, rows), alpha, accumulate);
}

template <class T>
void prelu_dalpha(Team& team, T* dalpha, Matrix<const T> x, Matrix<const T> dy, bool accumulate) {
  const Range cols = team.share(x.cols, 64 / static_cast<Index>(sizeof(T)));
  kernels<T>().prelu_dalpha(dalpha + cols.begin, {x.data + cols.begin, x.rows, cols.size(), x.stride},
                            {dy.data + cols.begin, dy.rows, cols.size(), dy.stride}, accumulate);
}

template void prelu_forward(Team&, Matrix<float>, Matrix<const float>, const float*);
template void prelu_forward(Team&, Matrix<double>, Matrix<const double>, const double*);
template void prelu_backward(Team&, Matrix<float>, Matrix<const float>, Matrix<const float>, const float*,
                             bool);
template void prelu_backward(Team&, Matrix<double>, Matrix<const double>, Matrix<const double>, const double*,
                             bool);
template void prelu_dalpha(Team&, float*, Matrix<const float>, Matrix<const float>, bool);
template void prelu_dalpha(Team&, double*, Matrix<const double>, Matrix<const double>, bool);

}  // namespace fastdnn
