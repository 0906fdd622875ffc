// The serial kernels of products and of the gradient of a bias. See kernels/gemm.h, column_sum.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// One tile: C (rows, cols) from `k` steps. Its rows and vectors are fixed by the function; A is read at
// a[i * a_row + p * a_k], B at b[p * b_k + j]. Each sum starts from `start`, or from 0 where that is null.
template <class T>
struct GemmTile {
  Index k;
  const T* a;
  Index a_row, a_k;
  const T* b;
  Index b_k;
  T* c;
  Index c_row;
  int tail;  // elements of the last vector, for the functions with a tail
  const T* start;
  Index start_row;  // 0 for a bias, which all rows share
  T floor;          // what is smaller becomes this: 0 for relu, else -infinity
  const T* mask;    // where it is <= 0 the result is 0; may be null
  Index mask_row;
};

constexpr int kGemmMaxVectors = 4;
constexpr int kGemmMaxRows = 16;

template <class T>
struct GemmKernels {
  int lanes;                          // elements of a vector
  int vectors;                        // of a full tile
  int max_rows[kGemmMaxVectors + 1];  // of a tile by its vectors
  // [vectors][has a tail][rows]
  void (*tile[kGemmMaxVectors + 1][2][kGemmMaxRows + 1])(const GemmTile<T>&);
  // packed[p * stride + j] = b[j * b_row + p] for p < k, j < n: a panel of the transposed B. What lies behind
  // the n-th column, up to whole vectors, is written, too.
  void (*pack_transposed)(T* packed, const T* b, Index b_row, Index k, Index n, Index stride);
  // packed[p * stride + j] = b[p * b_row + j], likewise.
  void (*pack)(T* packed, const T* b, Index b_row, Index k, Index n, Index stride);
};

template <class T>
struct LinearKernels {
  GemmKernels<T> gemm;
  void (*column_sum)(T* sums, Matrix<const T> x, bool accumulate);
};

}  // namespace fastdnn
