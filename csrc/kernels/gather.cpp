#include "kernels/gather.h"

#include <cstring>

#include "isa/table.h"

namespace fastdnn {

template <class T>
void gather(Team& team, Matrix<T> y, Matrix<const T> x, const std::int32_t* order) {
  const Range rows = team.share(y.rows);
  const auto bytes = static_cast<std::size_t>(y.cols) * sizeof(T);
  for (Index r = rows.begin; r < rows.end; ++r) std::memcpy(y.row(r), x.row(order[r]), bytes);
}

template <class T>
bool gather_features(Team& team, Matrix<T> y, const Source& x, const std::int32_t* order,
                     const Scaling<T>& scaling) {
  const Range rows = team.share(y.rows);
  const auto type = static_cast<std::size_t>(x.type);
  return kernels<T>().gather_features[type](rows_of(y, rows), x, order + rows.begin, scaling);
}

template void gather(Team&, Matrix<float>, Matrix<const float>, const std::int32_t*);
template void gather(Team&, Matrix<double>, Matrix<const double>, const std::int32_t*);
template void gather(Team&, Matrix<std::int32_t>, Matrix<const std::int32_t>, const std::int32_t*);
template bool gather_features(Team&, Matrix<float>, const Source&, const std::int32_t*,
                              const Scaling<float>&);
template bool gather_features(Team&, Matrix<double>, const Source&, const std::int32_t*,
                              const Scaling<double>&);

}  // namespace fastdnn
