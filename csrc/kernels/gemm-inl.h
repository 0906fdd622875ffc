// The serial part of gemm: one register tile, and the packing of a transposed B.
#pragma once

#include "isa/table.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// relu that lets NaN through.
template <class V>
FASTDNN_INLINE typename V::Vec relu(typename V::Vec x) {
  return x < typename V::Vec{} ? typename V::Vec{} : x;
}

template <class V, class Cover>
FASTDNN_INLINE typename V::Vec finish(const GemmTile<typename V::Scalar>& t, typename V::Vec sum, Index i,
                                      Index j, const Cover& cover) {
  using Vec = typename V::Vec;
  switch (t.epilogue) {
    case Epilogue::none:
      return sum;
    case Epilogue::bias:
      return sum + cover.load(t.bias + j);
    case Epilogue::bias_relu:
      return relu<V>(sum + cover.load(t.bias + j));
    case Epilogue::relu_mask:
      return cover.load(t.mask + i * t.mask_row + j) <= Vec{} ? Vec{} : sum;
    case Epilogue::accumulate:
      return cover.load(t.c + i * t.c_row + j) + sum;
  }
  return sum;
}

// Each element is summed over k = 0, 1, ... in one chain, so its bits depend neither on the tile it falls
// into nor on how the matrix was cut among threads.
template <class V, int kRows, int kVectors, bool kTail>
void gemm_tile(const GemmTile<typename V::Scalar>& t) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const Part<V> part{t.tail};
  Vec sum[kRows][kVectors] = {};
  const T* a = t.a;
  const T* b = t.b;
  for (Index p = 0; p < t.k; ++p) {
    Vec bv[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      const bool partial = kTail && j == kVectors - 1;
      bv[j] = partial ? part.load(b + j * V::kLanes) : V::load(b + j * V::kLanes);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec av = broadcast<V>(a[i * t.a_row]);
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) sum[i][j] = V::fma(av, bv[j], sum[i][j]);
    }
    a += t.a_k;
    b += t.b_k;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) {
      const Index column = j * V::kLanes;
      T* c = t.c + i * t.c_row + column;
      if (kTail && j == kVectors - 1) {
        part.store(c, finish<V>(t, sum[i][j], i, column, part));
      } else {
        V::store(c, finish<V>(t, sum[i][j], i, column, Whole<V>{}));
      }
    }
  }
}

// packed (k, stride): row p holds column p of b (n, k), for p < k.
template <class V>
void gemm_pack_transposed(typename V::Scalar* packed, const typename V::Scalar* b, Index b_row, Index k,
                          Index n, Index stride) {
  for (Index j = 0; j < n; ++j) {
    for (Index p = 0; p < k; ++p) packed[p * stride + j] = b[j * b_row + p];
  }
}

// Enters the tiles of kVectors vectors with kRows, kRows - 1, ... 1 rows.
template <class V, int kVectors, int kRows>
void fill_gemm_rows(GemmKernels<typename V::Scalar>& gemm) {
  gemm.tile[kVectors][0][kRows] = gemm_tile<V, kRows, kVectors, false>;
  gemm.tile[kVectors][1][kRows] = gemm_tile<V, kRows, kVectors, true>;
  if constexpr (kRows > 1) fill_gemm_rows<V, kVectors, kRows - 1>(gemm);
}

template <class V, int kVectors, int kRows, int... kMore>
void fill_gemm_vectors(GemmKernels<typename V::Scalar>& gemm) {
  gemm.max_rows[kVectors] = kRows;
  fill_gemm_rows<V, kVectors, kRows>(gemm);
  if constexpr (sizeof...(kMore) > 0) fill_gemm_vectors<V, kVectors + 1, kMore...>(gemm);
}

// Enters a unit's tiles: kRows[v - 1] is the largest number of rows of a tile of v vectors.
template <class V, int... kRows>
void fill_gemm(GemmKernels<typename V::Scalar>& gemm) {
  static_assert(sizeof...(kRows) <= kGemmMaxVectors && ((kRows <= kGemmMaxRows) && ...));
  gemm.lanes = V::kLanes;
  gemm.vectors = sizeof...(kRows);
  gemm.pack_transposed = gemm_pack_transposed<V>;
  fill_gemm_vectors<V, 1, kRows...>(gemm);
}

}  // namespace
}  // namespace fastdnn
