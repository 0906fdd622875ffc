#include "kernels/cross_entropy.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void sparse_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                          const std::int32_t* labels, const T* weights, T scale) {
  const Range rows = team.share(z.rows);
  kernels<T>().sparse_cross_entropy(row_loss + rows.begin, rows_of(dz, rows), rows_of(z, rows),
                                    labels + rows.begin, weights == nullptr ? nullptr : weights + rows.begin,
                                    scale);
}

template <class T>
void categorical_cross_entropy(Team& team, T* row_loss, Matrix<T> dz, Matrix<const T> z,
                               Matrix<const T> target, const T* weights, T scale) {
  const Range rows = team.share(z.rows);
  kernels<T>().categorical_cross_entropy(row_loss + rows.begin, rows_of(dz, rows), rows_of(z, rows),
                                         rows_of(target, rows),
                                         weights == nullptr ? nullptr : weights + rows.begin, scale);
}

template void sparse_cross_entropy(Team&, float*, Matrix<float>, Matrix<const float>, const std::int32_t*,
                                   const float*, float);
template void sparse_cross_entropy(Team&, double*, Matrix<double>, Matrix<const double>, const std::int32_t*,
                                   const double*, double);
template void categorical_cross_entropy(Team&, float*, Matrix<float>, Matrix<const float>,
                                        Matrix<const float>, const float*, float);
template void categorical_cross_entropy(Team&, double*, Matrix<double>, Matrix<const double>,
                                        Matrix<const double>, const double*, double);

}  // namespace fastdnn
