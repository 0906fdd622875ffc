// The serial parts of csr_matmul: the entries of one row, times rows of a dense matrix.
#pragma once

#include "isa/table/data.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// The dense rows lie anywhere; this many entries ahead their first lines are fetched.
constexpr Index kEntriesAhead = 8;

// y[j ...] += sum of values[e] w[columns[e]][j ...], for kVectors vectors from column j on.
template <class V, int kVectors, class Cover>
FASTDNN_INLINE void csr_columns(typename V::Scalar* y, Matrix<const typename V::Scalar> w,
                                const std::int32_t* columns, const typename V::Scalar* values, Index count,
                                Index j, const Cover& cover) {
  typename V::Vec sum[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) sum[v] = cover.load(y + j + v * V::kLanes);
  for (Index e = 0; e < count; ++e) {
    if (e + kEntriesAhead < count) __builtin_prefetch(w.row(columns[e + kEntriesAhead]) + j);
    const typename V::Scalar* row = w.row(columns[e]) + j;
    const typename V::Vec value = broadcast<V>(values[e]);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[v] = V::fma(value, cover.load(row + v * V::kLanes), sum[v]);
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) cover.store(y + j + v * V::kLanes, sum[v]);
}

template <class V>
void csr_row(typename V::Scalar* y, Matrix<const typename V::Scalar> w, const std::int32_t* columns,
             const typename V::Scalar* values, Index count) {
  constexpr Index kBlock = 4 * V::kLanes;  // independent sums hide the latency of a multiply-add
  Index j = 0;
  for (; j + kBlock <= w.cols; j += kBlock) csr_columns<V, 4>(y, w, columns, values, count, j, Whole<V>{});
  for_vectors<V>(w.cols - j, [&](Index rest, auto cover) {
    csr_columns<V, 1>(y, w, columns, values, count, j + rest, cover);
  });
}

// dw[columns[e]] += values[e] dy.
template <class V>
void csr_row_dw(Matrix<typename V::Scalar> dw, const typename V::Scalar* dy, const std::int32_t* columns,
                const typename V::Scalar* values, Index count) {
  for (Index e = 0; e < count; ++e) {
    if (e + kEntriesAhead < count) __builtin_prefetch(dw.row(columns[e + kEntriesAhead]), 1);
    typename V::Scalar* to = dw.row(columns[e]);
    const typename V::Vec value = broadcast<V>(values[e]);
    for_vectors<V>(dw.cols, [&](Index j, auto cover) {
      cover.store(to + j, V::fma(value, cover.load(dy + j), cover.load(to + j)));
    });
  }
}

}  // namespace
}  // namespace fastdnn
