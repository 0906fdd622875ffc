#include "kernels/gather.h"

#include <cstring>

#include "isa/table.h"

namespace fastdnn {

Index item_bytes(SourceType type) {
  switch (type) {
    case SourceType::b8:
    case SourceType::u8:
    case SourceType::i8:
      return 1;
    case SourceType::u16:
    case SourceType::i16:
    case SourceType::f16:
      return 2;
    case SourceType::u32:
    case SourceType::i32:
    case SourceType::f32:
      return 4;
    case SourceType::u64:
    case SourceType::i64:
    case SourceType::f64:
      return 8;
  }
  return 0;
}

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
