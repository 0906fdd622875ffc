// The serial part of column_sum, and of other sums over rows.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// Rows are summed in chunks of this many, and the chunks one after the other:
// the error grows with 256 / 4 + n / 256 terms and not with n.
constexpr Index kColumnSumChunk = 256;

// The sum over r in [begin, end) of term(r).
template <class V, class Term>
FASTDNN_INLINE typename V::Vec sum_chunk(Index begin, Index end, const Term& term) {
  typename V::Vec sum[4] = {};
  Index r = begin;
  for (; r + 4 <= end; r += 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sum[i] += term(r + i);
  }
  for (; r < end; ++r) sum[0] += term(r);
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// sums[j] = sum over r of term(r, j), or sums[j] + that.
template <class V, class Term>
FASTDNN_INLINE void sum_columns(typename V::Scalar* sums, Index rows, Index cols, bool accumulate,
                                const Term& term) {
  using Vec = typename V::Vec;
  for_vectors<V>(cols, [&](Index j, auto cover) {
    Vec total = accumulate ? cover.load(sums + j) : Vec{};
    for (Index begin = 0; begin < rows; begin += kColumnSumChunk) {
      const Index end = begin + kColumnSumChunk < rows ? begin + kColumnSumChunk : rows;
      total += sum_chunk<V>(begin, end, [&](Index r) -> Vec { return term(r, j, cover); });
    }
    cover.store(sums + j, total);
  });
}

template <class V>
void column_sum(typename V::Scalar* sums, Matrix<const typename V::Scalar> x, bool accumulate) {
  sum_columns<V>(sums, x.rows, x.cols, accumulate,
                 [&](Index r, Index j, auto cover) -> typename V::Vec { return cover.load(x.row(r) + j); });
}

}  // namespace
}  // namespace fastdnn
