// The serial part of column_sum.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// Rows are summed in chunks of this many, and the chunks one after the other: the error grows with 256 / 4 +
// n / 256 terms and not with n.
constexpr Index kColumnSumChunk = 256;

template <class V, class Cover>
FASTDNN_INLINE typename V::Vec column_sum_chunk(Matrix<const typename V::Scalar> x, Index begin, Index end,
                                                Index column, const Cover& cover) {
  typename V::Vec sum[4] = {};
  Index r = begin;
  for (; r + 4 <= end; r += 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sum[i] += cover.load(x.row(r + i) + column);
  }
  for (; r < end; ++r) sum[0] += cover.load(x.row(r) + column);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

template <class V>
void column_sum(typename V::Scalar* sums, Matrix<const typename V::Scalar> x, bool accumulate) {
  for_vectors<V>(x.cols, [&](Index j, auto cover) {
    typename V::Vec total = accumulate ? cover.load(sums + j) : typename V::Vec{};
    for (Index begin = 0; begin < x.rows; begin += kColumnSumChunk) {
      const Index end = begin + kColumnSumChunk < x.rows ? begin + kColumnSumChunk : x.rows;
      total += column_sum_chunk<V>(x, begin, end, j, cover);
    }
    cover.store(sums + j, total);
  });
}

}  // namespace
}  // namespace fastdnn
