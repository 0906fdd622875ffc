// C = A B, with an epilogue.
//
// Computes   c[i][j] = finish(start + sum over p of a[i][p] b[p][j])
//            start: 0, bias[j], or c[i][j] as it was · finish: as it is, relu, or 0 where not (mask > 0)
// Shapes     c (M, N) · a (M, K), or (K, M) with transpose_a · b (K, N), or (N, K) with transpose_b ·
//            bias (N,) · mask (M, N); all of one type, rows contiguous
// Requires   c overlaps none of the inputs; gemm_scratch_size elements of scratch for each thread
// Shares     c is cut by rows, or by columns, into one block for each thread; k is never cut among threads
// Numerics   each element is one chain over p = 0, 1, ... in its own type, that begins with start:
//            the same bits for any cut, block, tile, packing and number of threads.
//            |error| <= K eps (|start| + sum |a b|). NaN and infinity as in scalar code.
#pragma once

#include "core/team.h"
#include "isa/table.h"

namespace fastdnn {

// What the last pass over a tile of C = A B does to it.
enum class Epilogue : std::uint8_t {
  none,        // C = A B
  bias,        // C = bias + A B
  bias_relu,   // C = relu(bias + A B)
  relu_mask,   // C = A B where not (mask <= 0), else 0
  accumulate,  // C = C + A B
};

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

  Index depth() const { return transpose_a ? a.rows : a.cols; }
};

// The blocks that a product is cut into; gemm.cpp says why, and tests try the sizes around them.
struct GemmBlocks {
  Index height, width, depth;  // MC, NC, KC
};
constexpr GemmBlocks kGemmBlocks{96, 512, 512};

// Elements of scratch that one thread needs at most for a product of these sizes.
template <class T>
Index gemm_scratch_size(Index m, Index n, Index k, bool transpose_a, bool transpose_b);

// Serial: the given block of c.
template <class T>
void gemm_block(const Team& team, const Gemm<T>& gemm, Range rows, Range cols, T* scratch);

// The team's: c is cut by rows, always alike for the same M,
// so that the next row-local operation needs no barrier.
template <class T>
void gemm_by_rows(Team& team, const Gemm<T>& gemm, T* scratch);

// The team's: c is cut along its longer side.
template <class T>
void gemm(Team& team, const Gemm<T>& gemm, T* scratch);

}  // namespace fastdnn
