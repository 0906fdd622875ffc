// The serial part of max_norm.
#pragma once

#include "kernels/column_sum-inl.h"

namespace fastdnn {
namespace {

template <class V>
void max_norm_columns(Matrix<typename V::Scalar> w, typename V::Scalar limit) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  constexpr Index kCols = kWideBytes / static_cast<Index>(sizeof(T));
  for (Index block = 0; block < w.cols; block += kCols) {
    const Index cols = w.cols - block < kCols ? w.cols - block : kCols;
    T scale[kCols];
    sum_columns<V>(scale, w.rows, cols, false, [&](Index r, Index j, auto cover) -> Vec {
      const Vec x = cover.load(w.row(r) + block + j);
      return x * x;
    });
    Vec smallest = broadcast<V>(1);
    for_vectors<V>(cols, [&](Index j, auto cover) {
      const Vec norm = V::sqrt(cover.load(scale + j));
      const Vec factor = norm > broadcast<V>(limit) ? limit / norm : broadcast<V>(1);
      cover.store(scale + j, factor);
      smallest = cover.select(factor, smallest) < smallest ? factor : smallest;
    });
    if (max_lane<V>(-smallest) == -1) continue;  // nothing is above the limit
    for (Index r = 0; r < w.rows; ++r) {
      for_vectors<V>(cols, [&](Index j, auto cover) {
        T* to = w.row(r) + block + j;
        cover.store(to, cover.load(to) * cover.load(scale + j));
      });
    }
  }
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
