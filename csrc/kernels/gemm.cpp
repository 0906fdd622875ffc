#include "kernels/gemm.h"

#include <algorithm>

#include "core/aligned.h"

namespace fastdnn {

template <class T>
Index gemm_scratch_size(Index k, bool transpose_b) {
  const GemmKernels<T>& kernel = kernels<T>().gemm;
  return transpose_b ? round_up(k * kernel.lanes * kernel.vectors, kAlignment) : 0;
}

template <class T>
void gemm_block(const Gemm<T>& gemm, Range rows, Range cols, T* scratch) {
  const GemmKernels<T>& kernel = kernels<T>().gemm;
  const Index k = gemm.transpose_a ? gemm.a.rows : gemm.a.cols;
  const Index panel = Index{kernel.lanes} * kernel.vectors;
  GemmTile<T> tile{};
  tile.k = k;
  tile.a_row = gemm.transpose_a ? 1 : gemm.a.stride;
  tile.a_k = gemm.transpose_a ? gemm.a.stride : 1;
  tile.c_row = gemm.c.stride;
  tile.mask_row = gemm.mask.stride;
  tile.epilogue = gemm.epilogue;
  for (Index j = cols.begin; j < cols.end; j += panel) {
    const Index width = std::min(panel, cols.end - j);
    if (gemm.transpose_b) {
      kernel.pack_transposed(scratch, gemm.b.row(j), gemm.b.stride, k, width, panel);
      tile.b = scratch;
      tile.b_k = panel;
    } else {
      tile.b = gemm.b.data + j;
      tile.b_k = gemm.b.stride;
    }
    tile.tail = static_cast<int>(width % kernel.lanes);
    const auto vectors = (width + kernel.lanes - 1) / kernel.lanes;
    // Balanced blocks, so that no tile is left with one or two rows.
    const Index blocks = (rows.size() + kernel.max_rows[vectors] - 1) / kernel.max_rows[vectors];
    for (Index block = 0; block < blocks; ++block) {
      const Index i = rows.begin + rows.size() * block / blocks;
      const Index height = rows.begin + rows.size() * (block + 1) / blocks - i;
      tile.a = gemm.a.data + i * tile.a_row;
      tile.c = gemm.c.row(i) + j;
      tile.bias = gemm.bias == nullptr ? nullptr : gemm.bias + j;
      tile.mask = gemm.mask.data == nullptr ? nullptr : gemm.mask.row(i) + j;
      kernel.tile[vectors][tile.tail != 0][height](tile);
    }
  }
}

template <class T>
void gemm_by_rows(Team& team, const Gemm<T>& gemm, T* scratch) {
  gemm_block(gemm, team.share(gemm.c.rows), {0, gemm.c.cols}, scratch);
}

template <class T>
void gemm(Team& team, const Gemm<T>& gemm, T* scratch) {
  const Range all_rows{0, gemm.c.rows};
  const Range all_cols{0, gemm.c.cols};
  if (gemm.c.rows >= gemm.c.cols) {
    gemm_block(gemm, team.share(gemm.c.rows), all_cols, scratch);
  } else {
    const Index panel = Index{kernels<T>().gemm.lanes} * kernels<T>().gemm.vectors;
    gemm_block(gemm, all_rows, team.share(gemm.c.cols, panel), scratch);
  }
}

template Index gemm_scratch_size<float>(Index, bool);
template Index gemm_scratch_size<double>(Index, bool);
template void gemm_block(const Gemm<float>&, Range, Range, float*);
template void gemm_block(const Gemm<double>&, Range, Range, double*);
template void gemm_by_rows(Team&, const Gemm<float>&, float*);
template void gemm_by_rows(Team&, const Gemm<double>&, double*);
template void gemm(Team&, const Gemm<float>&, float*);
template void gemm(Team&, const Gemm<double>&, double*);

}  // namespace fastdnn
