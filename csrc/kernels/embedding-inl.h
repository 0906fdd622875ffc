// The serial part of embedding: rows copied, and rows summed.
#pragma once

#include "kernels/gather-inl.h"

namespace fastdnn {
namespace {

// Places are summed in chunks of this many, as the rows of a column_sum: the error of an index that stands
// everywhere (padding, say) does not grow with its places.
constexpr Index kEmbeddingChunk = 256;

template <class V>
void embedding(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> table,
               const std::int32_t* index, Index per_row) {
  const Ahead ahead(table.cols * static_cast<Index>(sizeof(typename V::Scalar)));
  const Index places = y.rows * per_row;
  Index place = 0;
  for (Index r = 0; r < y.rows; ++r) {
    for (Index k = 0; k < per_row; ++k, ++place) {
      if (place + ahead.rows() < places) ahead.fetch(table.row(index[place + ahead.rows()]));
      const typename V::Scalar* from = table.row(index[place]);
      typename V::Scalar* to = y.row(r) + k * table.cols;
      for_vectors<V>(table.cols, [&](Index j, auto cover) { cover.store(to + j, cover.load(from + j)); });
    }
  }
}

// The gradients of one index: dy[r][k dim + j] of its places r per_row + k.
template <class T>
struct PlacedRows {
  Matrix<const T> dy;
  const std::int32_t* places;
  Index count;
  Index per_row;
  Index dim;

  FASTDNN_INLINE const T* row(Index i) const {
    const std::int32_t place = places[i];
    if (per_row == 1) return dy.row(place);
    const auto width = static_cast<std::int32_t>(per_row);
    return dy.row(place / width) + place % width * dim;
  }
};

// sum[v] = sum over the rows of the vectors from column j on, in order.
template <class V, int kVectors, class Cover>
FASTDNN_INLINE void sum_placed(typename V::Vec (&sum)[kVectors], const PlacedRows<typename V::Scalar>& rows,
                               Index j, const Cover& cover) {
  for (Index begin = 0; begin < rows.count; begin += kEmbeddingChunk) {
    const Index end = begin + kEmbeddingChunk < rows.count ? begin + kEmbeddingChunk : rows.count;
    typename V::Vec part[kVectors];
    const typename V::Scalar* first = rows.row(begin) + j;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) part[v] = cover.load(first + v * V::kLanes);
    for (Index i = begin + 1; i < end; ++i) {
      const typename V::Scalar* row = rows.row(i) + j;
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) part[v] += cover.load(row + v * V::kLanes);
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[v] = begin == 0 ? part[v] : sum[v] + part[v];
  }
}

template <class V, int kVectors, class Cover>
FASTDNN_INLINE void embedding_columns(typename V::Scalar* to, const PlacedRows<typename V::Scalar>& rows,
                                      Index j, bool accumulate, const Cover& cover) {
  typename V::Vec sum[kVectors] = {};
  sum_placed<V>(sum, rows, j, cover);
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) {
    typename V::Scalar* at = to + j + v * V::kLanes;
    cover.store(at, accumulate ? cover.load(at) + sum[v] : sum[v]);
  }
}

// target[u], or with `indices` target[indices[u]], for the distinct indices u in `range`.
template <class V>
void embedding_backward(Matrix<typename V::Scalar> target, const std::int32_t* indices,
                        Matrix<const typename V::Scalar> dy, const RowList& list, Range range, Index per_row,
                        bool accumulate) {
  constexpr Index kBlock = 4 * V::kLanes;  // independent sums hide the latency of an addition
  for (Index u = range.begin; u < range.end; ++u) {
    const std::int32_t start = list.starts[u];
    const PlacedRows<typename V::Scalar> rows{dy, list.places + start, list.starts[u + 1] - start, per_row,
                                              target.cols};
    typename V::Scalar* to = target.row(indices == nullptr ? u : indices[u]);
    Index j = 0;
    for (; j + kBlock <= target.cols; j += kBlock) {
      embedding_columns<V, 4>(to, rows, j, accumulate, Whole<V>{});
    }
    for_vectors<V>(target.cols - j, [&](Index rest, auto cover) {
      embedding_columns<V, 1>(to, rows, j + rest, accumulate, cover);
    });
  }
}

}  // namespace
}  // namespace fastdnn
