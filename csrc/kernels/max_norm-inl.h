// The serial part of max_norm.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// As of column_sum: the error grows with 256 / 4 + rows / 256 terms and not with the rows.
constexpr Index kMaxNormChunk = 256;

// The sum over rows begin..end-1 of the squares of one vector of columns.
template <class V, class Cover>
FASTDNN_INLINE typename V::Vec squares_of_chunk(Matrix<typename V::Scalar> w, Index begin, Index end,
                                                Index column, const Cover& cover) {
  using Vec = typename V::Vec;
  Vec sum[4] = {};
  Index r = begin;
  for (; r + 4 <= end; r += 4) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const Vec x = cover.load(w.row(r + i) + column);
      sum[i] = V::fma(x, x, sum[i]);
    }
  }
  for (; r < end; ++r) {
    const Vec x = cover.load(w.row(r) + column);
    sum[0] = V::fma(x, x, sum[0]);
  }
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

template <class V>
void max_norm_columns(Matrix<typename V::Scalar> w, typename V::Scalar limit) {
  using Vec = typename V::Vec;
  for_vectors<V>(w.cols, [&](Index j, auto cover) {
    Vec total{};
    for (Index begin = 0; begin < w.rows; begin += kMaxNormChunk) {
      const Index end = begin + kMaxNormChunk < w.rows ? begin + kMaxNormChunk : w.rows;
      total += squares_of_chunk<V>(w, begin, end, j, cover);
    }
    const Vec norm = V::sqrt(total);
    const Vec one = broadcast<V>(1);
    const Vec scale = norm > broadcast<V>(limit) ? limit / norm : one;
    if (max_lane<V>(scale < one ? one : Vec{}) == 0) return;  // nothing is above the limit
    for (Index r = 0; r < w.rows; ++r) cover.store(w.row(r) + j, cover.load(w.row(r) + j) * scale);
  });
}

template <class V>
void max_norm_rows(Matrix<typename V::Scalar> w, typename V::Scalar limit) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < w.rows; ++r) {
    VirtualLanes<V> sum;
    for_vectors<V>(w.cols, [&](Index j, auto cover) {
      const Vec x = cover.load(w.row(r) + j);
      sum.add(j, x * x);
    });
    const typename V::Scalar norm = V::sqrt(broadcast<V>(sum.total()))[0];
    if (!(norm > limit)) continue;
    const typename V::Scalar scale = limit / norm;
    for_vectors<V>(w.cols,
                   [&](Index j, auto cover) { cover.store(w.row(r) + j, cover.load(w.row(r) + j) * scale); });
  }
}

}  // namespace
}  // namespace fastdnn
