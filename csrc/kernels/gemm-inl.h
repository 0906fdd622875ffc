// The serial part of gemm: one register tile, and the packing of blocks.
#pragma once

#include "isa/table.h"
#include "isa/transpose.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// What a tile does with one vector of its sums before it is stored.
template <class V, class Cover>
FASTDNN_INLINE void finish(const GemmTile<typename V::Scalar>& t, typename V::Vec sum, Index i, Index j,
                           const Cover& cover) {
  using Vec = typename V::Vec;
  const Vec floor = broadcast<V>(t.floor);
  Vec y = sum < floor ? floor : sum;  // NaN stays NaN
  if (t.mask != nullptr) y = cover.load(t.mask + i * t.mask_row + j) <= Vec{} ? Vec{} : y;
  cover.store(t.c + i * t.c_row + j, y);
}

// Each element is one chain over k = 0, 1, ..., so its bits depend neither on the tile it falls into nor on
// how the matrix was cut into blocks or among threads.
template <class V, int kRows, int kVectors, bool kTail>
void gemm_tile(const GemmTile<typename V::Scalar>& t) {
  using T = typename V::Scalar;
  using Vec = typename V::Vec;
  const Whole<V> whole;
  const Part<V> part(t.tail);
  const auto load = [&](const T* p, int j) __attribute__((always_inline)) {
    return kTail && j == kVectors - 1 ? part.load(p + j * V::kLanes) : whole.load(p + j * V::kLanes);
  };
  Vec sum[kRows][kVectors] = {};
  if (t.start != nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) sum[i][j] = load(t.start + i * t.start_row, j);
    }
  }
  const T* a = t.a;
  const T* b = t.b;
  const Index a_row = t.a_row;
  for (Index p = t.k; p > 0; --p) {
    Vec bv[kVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) bv[j] = load(b, j);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vec av = broadcast<V>(a[i * a_row]);
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
      if (kTail && j == kVectors - 1) {
        finish<V>(t, sum[i][j], i, j * V::kLanes, part);
      } else {
        finish<V>(t, sum[i][j], i, j * V::kLanes, whole);
      }
    }
  }
}

// packed (k, stride): row p holds b[p][0..n-1], for p < k.
template <class V>
void gemm_pack(typename V::Scalar* packed, const typename V::Scalar* b, Index b_row, Index k, Index n,
               Index stride) {
  for (Index p = 0; p < k; ++p) {
    for_vectors<V>(
        n, [&](Index j, auto cover) { V::store(packed + p * stride + j, cover.load(b + p * b_row + j)); });
  }
}

// packed[p * stride + i] = b[i * b_row + p] for p < cols, i < kLanes: one square, turned in registers.
// Rows of b from `rows` on read as 0.
template <class V, bool kAllRows, class Cover>
FASTDNN_INLINE void pack_square(typename V::Scalar* packed, const typename V::Scalar* b, Index b_row,
                                Index rows, Index stride, const Cover& cover) {
  typename V::Vec square[V::kLanes] = {};
#pragma GCC unroll 16
  for (int i = 0; i < V::kLanes; ++i) {
    if (kAllRows || i < rows) square[i] = cover.load(b + i * b_row);
  }
  transpose<V>(square);
#pragma GCC unroll 16
  for (int i = 0; i < V::kLanes; ++i) {
    if (i < cover.count()) V::store(packed + i * stride, square[i]);
  }
}

// packed (k, stride): row p holds column p of b (n, k), for p < k.
template <class V>
void gemm_pack_transposed(typename V::Scalar* packed, const typename V::Scalar* b, Index b_row, Index k,
                          Index n, Index stride) {
  for (Index j = 0; j < n; j += V::kLanes) {
    const Index rows = n - j;
    for_vectors<V>(k, [&](Index p, auto cover) {
      if (rows >= V::kLanes) {
        pack_square<V, true>(packed + p * stride + j, b + j * b_row + p, b_row, rows, stride, cover);
      } else {
        pack_square<V, false>(packed + p * stride + j, b + j * b_row + p, b_row, rows, stride, cover);
      }
    });
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
void fill_gemm(GemmKernels<typename V::Scalar>& gemm, Rows<kRows...>) {
  static_assert(sizeof...(kRows) <= kGemmMaxVectors && ((kRows <= kGemmMaxRows) && ...));
  gemm.lanes = V::kLanes;
  gemm.vectors = sizeof...(kRows);
  gemm.pack = gemm_pack<V>;
  gemm.pack_transposed = gemm_pack_transposed<V>;
  fill_gemm_vectors<V, 1, kRows...>(gemm);
}

}  // namespace
}  // namespace fastdnn
