#include "kernels/squared_error.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void squared_error(Team& team, T* row_loss, Matrix<T> dy, Matrix<const T> y, Matrix<const T> target,
                   const T* weights, T scale) {
  const Range rows = team.share(y.rows);
  kernels<T>().squared_error(row_loss + rows.begin, rows_of(dy, rows), rows_of(y, rows),
                             rows_of(target, rows), weights == nullptr ? nullptr : weights + rows.begin,
                             scale);
}

template void squared_error(Team&, float*, Matrix<float>, Matrix<const float>, Matrix<const float>,
                            const float*, float);
template void squared_error(Team&, double*, Matrix<double>, Matrix<const double>, Matrix<const double>,
                            const double*, double);

}  // namespace fastdnn
