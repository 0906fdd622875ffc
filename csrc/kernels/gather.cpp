#include "kernels/gather.h"

#include <cstring>

namespace fastdnn {

template <class T>
void gather(Team& team, Matrix<T> y, Matrix<const T> x, const std::int32_t* order) {
  const Range rows = team.share(y.rows);
  const auto bytes = static_cast<std::size_t>(y.cols) * sizeof(T);
  for (Index r = rows.begin; r < rows.end; ++r) std::memcpy(y.row(r), x.row(order[r]), bytes);
}

template void gather(Team&, Matrix<float>, Matrix<const float>, const std::int32_t*);
template void gather(Team&, Matrix<double>, Matrix<const double>, const std::int32_t*);
template void gather(Team&, Matrix<std::int32_t>, Matrix<const std::int32_t>, const std::int32_t*);

}  // namespace fastdnn
