#include "kernels/squared_error.h"

namespace fastdnn {

template <class T>
void squared_error(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y, Matrix<const T> target,
                   const T* weights, T scale, bool half, Outputs outputs) {
  const T count = outputs == Outputs::mean ? static_cast<T>(y.cols) : 1;
  elementwise_loss<T>(team, ElementwiseLoss::squared_error, row_loss, dy, y, target, weights, scale,
                      half ? 2 * count : count);
}

template void squared_error(Team&, float*, Matrix<float>, Matrix<const float>, Matrix<const float>,
                            const float*, float, bool, Outputs);
template void squared_error(Team&, double*, Matrix<double>, Matrix<const double>, Matrix<const double>,
                            const double*, double, bool, Outputs);

}  // namespace fastdnn
