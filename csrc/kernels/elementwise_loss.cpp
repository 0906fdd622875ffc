#include "kernels/elementwise_loss.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void elementwise_loss(Team& team, ElementwiseLoss loss, T* row_loss, Matrix<T> dy, Matrix<const T> y,
                      Matrix<const T> target, const T* weights, T scale, T divisor, T parameter) {
  const Range rows = team.share(y.rows);
  kernels<T>().elementwise_loss[static_cast<int>(loss)](
      row_loss + rows.begin, rows_of(dy, rows), rows_of(y, rows), rows_of(target, rows),
      weights == nullptr ? nullptr : weights + rows.begin, scale, divisor, parameter);
}

template void elementwise_loss(Team&, ElementwiseLoss, float*, Matrix<float>, Matrix<const float>,
                               Matrix<const float>, const float*, float, float, float);
template void elementwise_loss(Team&, ElementwiseLoss, double*, Matrix<double>, Matrix<const double>,
                               Matrix<const double>, const double*, double, double, double);

}  // namespace fastdnn
