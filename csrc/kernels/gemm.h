// C = A B, with an epilogue.
//
// Computes   c[i][j] = finish(sum over p of a[i][p] b[p][j])
// Shapes     c (M, N) · a (M, K), or (K, M) with transpose_a · b (K, N), or (N, K) with transpose_b · bias
// (N,) ·
//            mask (M, N); all of one type, rows contiguous
// Requires   c overlaps none of the inputs; scratch of gemm_scratch_size elements for each thread where b is
// transposed Shares     c is cut by rows, or by columns, into one block for each thread; k is never cut
// Numerics   each element is one chain over p = 0, 1, ... in its own type, and then the epilogue: the same
// bits for any
//            cut, tile and number of threads. |error| <= K eps sum |a b|. NaN and infinity as in scalar code.
#pragma once

#include "core/team.h"
#include "isa/table.h"

namespace fastdnn {

template <class T>
struct Gemm {
  Matrix<T> c;
  Matrix<const T> a;
  Matrix<const T> b;
  bool transpose_a = false;
  bool transpose_b = false;
  Epilogue epilogue = Epilogue::none;
  const T* bias = nullptr;
  Matrix<const T> mask{};
};

// Elements of scratch that one thread needs for a b of K rows (after transposition).
template <class T>
Index gemm_scratch_size(Index k, bool transpose_b);

// Serial: the given block of c.
template <class T>
void gemm_block(const Gemm<T>& gemm, Range rows, Range cols, T* scratch);

// The team's: c is cut by rows, always alike for the same M, so that the next row-local operation needs no
// barrier.
template <class T>
void gemm_by_rows(Team& team, const Gemm<T>& gemm, T* scratch);

// The team's: c is cut along its longer side.
template <class T>
void gemm(Team& team, const Gemm<T>& gemm, T* scratch);

}  // namespace fastdnn
