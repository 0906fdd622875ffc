// The serial part of gather_features, shared with embedding.
#pragma once

#include "isa/convert.h"
#include "isa/table.h"

namespace fastdnn {
namespace {

// Rows lie anywhere, so they are asked for ahead of their use: 4 KB of them, at most 16 rows; of each its
// first cache lines, after which the processor's own prefetcher has seen the direction. Measured on random
// rows out of 47 MB: those of 784 bytes take half the time that they take unasked, those of 40 bytes the
// same. With 1 KB and 4 lines the gain was a third.
class Ahead {
 public:
  FASTDNN_INLINE explicit Ahead(Index row_bytes)
      : rows_(row_bytes < 256 ? 16 : 4096 / row_bytes + 1),
        lines_(row_bytes < 448 ? row_bytes / 64 + 1 : 8) {}

  FASTDNN_INLINE Index rows() const { return rows_; }
  FASTDNN_INLINE void fetch(const void* row) const {
    for (Index line = 0; line < lines_; ++line) __builtin_prefetch(static_cast<const char*>(row) + 64 * line);
  }

 private:
  Index rows_;
  Index lines_;
};

// K elements of a row: the first of them at j.
template <class T, class S, int K>
FASTDNN_INLINE LanesOf<T, K> scaled(const S* x, Index j, const Scaling<T>& by) {
  LanesOf<T, K> v = load_as<T, K>(x);
  if (by.mean != nullptr) v -= *reinterpret_cast<const UnalignedLanes<T, K>*>(by.mean + j);
  if (by.std != nullptr) v /= *reinterpret_cast<const UnalignedLanes<T, K>*>(by.std + j);
  return v * by.scale;
}

// Rows of at least K elements, in vectors of K; the last vector of a row ends with it and may write some
// elements a second time, the same values. With K = 1 columns may have a stride.
template <class T, class S, int K>
bool gather_rows(Matrix<T> y, const Source& source, const std::int32_t* order, const Scaling<T>& scaling) {
  using Int = LanesOf<typename IntegerOf<T>::Type, K>;
  const Scaling<T> by = scaling;  // a copy: the stores below cannot change it
  const auto* x = static_cast<const S*>(source.data);
  const Index row_stride = source.row_stride;
  const Index col_stride = K == 1 ? source.col_stride : 1;
  const Ahead ahead(y.cols * static_cast<Index>(sizeof(S)));
  Int bad{};  // v - v is +0 where v is finite, else NaN
  for (Index r = 0; r < y.rows; ++r) {
    if (r + ahead.rows() < y.rows) ahead.fetch(x + order[r + ahead.rows()] * row_stride);
    const S* from = x + order[r] * row_stride;
    T* to = y.row(r);
    const auto take = [&](Index j) __attribute__((always_inline)) {
      const LanesOf<T, K> v = scaled<T, S, K>(from + j * col_stride, j, by);
      bad |= reinterpret_cast<Int>(v - v);
      *reinterpret_cast<UnalignedLanes<T, K>*>(to + j) = v;
    };
    Index j = 0;
    for (; j + K <= y.cols; j += K) take(j);
    if (j < y.cols) take(y.cols - K);
  }
  bool finite = true;
  for (int l = 0; l < K; ++l) finite = finite && bad[l] == 0;
  return finite;
}

// With the widest vectors that a row fills: K, K / 2, ... 1.
template <class T, class S, int K>
FASTDNN_INLINE bool gather_by_width(Matrix<T> y, const Source& x, const std::int32_t* order,
                                    const Scaling<T>& scaling) {
  if constexpr (K > 1) {
    if (y.cols < K || (x.col_stride != 1 && y.cols > 1)) {
      return gather_by_width<T, S, K / 2>(y, x, order, scaling);
    }
  }
  return gather_rows<T, S, K>(y, x, order, scaling);
}

template <class V, class S>
bool gather_features(Matrix<typename V::Scalar> y, const Source& x, const std::int32_t* order,
                     const Scaling<typename V::Scalar>& scaling) {
  return gather_by_width<typename V::Scalar, S, V::kLanes>(y, x, order, scaling);
}

// Enters gather_features for each type of source, in the order of SourceType.
template <class V, class... Types>
void fill_gather_features(DataKernels<typename V::Scalar>& k) {
  static_assert(sizeof...(Types) == kSourceTypes);
  int type = 0;
  ((k.gather_features[type++] = gather_features<V, Types>), ...);
}

template <class V>
void fill_gather(DataKernels<typename V::Scalar>& k) {
  fill_gather_features<V, Bool, std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t,
                       std::int32_t, std::uint64_t, std::int64_t, Half, float, double>(k);
}

}  // namespace
}  // namespace fastdnn
