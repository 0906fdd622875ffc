// The serial part of maxout and hardmax.
#pragma once

#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

// Where x takes the place of `best`: it is larger, or NaN and the first.
template <class V>
FASTDNN_INLINE typename V::Int beats(typename V::Vec x, typename V::Vec best) {
  return ~(x <= best) & (best == best);
}

template <class V>
void maxout_forward(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < y.rows; ++r) {
    for_vectors<V>(y.cols, [&](Index j, auto cover) {
      Vec best = cover.load(x.row(r) + j);
      for (Index p = y.cols; p < x.cols; p += y.cols) {
        const Vec value = cover.load(x.row(r) + p + j);
        best = beats<V>(value, best) ? value : best;
      }
      cover.store(y.row(r) + j, best);
    });
  }
}

template <class V>
void maxout_backward(Matrix<typename V::Scalar> dx, Matrix<const typename V::Scalar> x,
                     Matrix<const typename V::Scalar> dy, bool accumulate) {
  using Vec = typename V::Vec;
  using Int = typename V::Int;
  for (Index r = 0; r < dx.rows; ++r) {
    for_vectors<V>(dy.cols, [&](Index j, auto cover) {
      Vec best = cover.load(x.row(r) + j);
      Int winner{};
      Int piece{};
      for (Index p = dy.cols; p < x.cols; p += dy.cols) {
        const Vec value = cover.load(x.row(r) + p + j);
        const Int better = beats<V>(value, best);
        best = better ? value : best;
        piece += 1;
        winner = better ? piece : winner;
      }
      const Vec d = cover.load(dy.row(r) + j);
      piece = Int{};
      for (Index p = 0; p < x.cols; p += dy.cols, piece += 1) {
        typename V::Scalar* to = dx.row(r) + p + j;
        const Vec won = winner == piece ? d : Vec{};
        cover.store(to, accumulate ? cover.load(to) + won : won);
      }
    });
  }
}

template <class V>
void hardmax(Matrix<typename V::Scalar> y, Matrix<const typename V::Scalar> x) {
  using Vec = typename V::Vec;
  for (Index r = 0; r < y.rows; ++r) {
    const typename V::Scalar max = row_max<V>(x.row(r), x.cols);
    typename V::Int broken{};
    for_vectors<V>(x.cols, [&](Index j, auto cover) {
      const Vec value = cover.load(x.row(r) + j);
      broken |= value != value;
    });
    Index first = 0;
    while (first < x.cols - 1 && !(x.row(r)[first] == max)) ++first;
    typename V::Scalar rest = 0;
    for (int i = 0; i < V::kLanes; ++i) rest = broken[i] != 0 ? __builtin_nanf("") : rest;
    for_vectors<V>(y.cols, [&](Index j, auto cover) { cover.store(y.row(r) + j, broadcast<V>(rest)); });
    y.row(r)[first] = rest + 1;
  }
}

}  // namespace
}  // namespace fastdnn
