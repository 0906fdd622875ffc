// How every elementwise kernel writes a gradient.
#pragma once

#include "isa/vec.h"

namespace fastdnn {
namespace {

// dx[r][j] = value(r, j), or dx[r][j] + value(r, j).
template <class V, class Value>
FASTDNN_INLINE void write_gradient(Matrix<typename V::Scalar> dx, bool accumulate, const Value& value) {
  for (Index r = 0; r < dx.rows; ++r) {
    typename V::Scalar* row = dx.row(r);
    if (accumulate) {
      for_vectors<V>(dx.cols, [&](Index j, auto cover) {
        cover.store(row + j, cover.load(row + j) + value(r, j, cover));
      });
    } else {
      for_vectors<V>(dx.cols, [&](Index j, auto cover) { cover.store(row + j, value(r, j, cover)); });
    }
  }
}

}  // namespace
}  // namespace fastdnn
