#include "kernels/gaussian_noise.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void gaussian_noise(Team& team, Matrix<T> y, Matrix<const T> x, const GaussianNoise& noise) {
  const Range rows = team.share(y.rows);
  GaussianNoise mine = noise;
  mine.first_row += rows.begin;
  kernels<T>().gaussian_noise(rows_of(y, rows), rows_of(x, rows), mine);
}

template void gaussian_noise(Team&, Matrix<float>, Matrix<const float>, const GaussianNoise&);
template void gaussian_noise(Team&, Matrix<double>, Matrix<const double>, const GaussianNoise&);

}  // namespace fastdnn
