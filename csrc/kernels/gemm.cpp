#include "kernels/gemm.h"

#include <algorithm>
#include <limits>

#include "core/aligned.h"

namespace fastdnn {
namespace {

// The blocks. A panel of B, kDepth x 64 floats, is read once for each tile of rows and must stay in L2:
// 128 KB. So must a block of A, kHeight x kDepth, 192 KB (twice that in double), which is read once for
// each panel. A block of B is packed at a time; where A is packed, wider ones save packing it again.
// Above that the optimum is flat (bench/LOG.md).
constexpr Index kDepth = kGemmBlocks.depth;
constexpr Index kHeight = kGemmBlocks.height;
constexpr Index kWidth = kGemmBlocks.width;
constexpr Index kWidthTN = 2 * kWidth;

// Packing is work that pays only where the operand as it lies is read badly: B transposed; B whose rows each
// lie on another page, read again and again from beyond L2; A transposed (read down its columns) whose rows
// fall onto few sets of the cache. All else is multiplied where it lies, which is worth 5-25 % at the sizes
// of small networks.
constexpr Index kLargeBytes = 1 << 20;
constexpr Index kCrowdedBytes = 512;  // multiples of it as strides: an eighth of L1's sets, or fewer

template <class T>
bool may_pack_b(Index n, Index k, bool transpose_b) {
  return transpose_b || n * k * size_of(dtype_of<T>()) >= kLargeBytes;
}

template <class T>
bool is_crowded(Index stride) {
  return stride * size_of(dtype_of<T>()) % kCrowdedBytes == 0;
}

// The length of the first of the equal blocks that cut n into pieces of at most `most`.
Index balanced(Index n, Index most) {
  const Index blocks = std::max<Index>(1, (n + most - 1) / most);
  return (n + blocks - 1) / blocks;
}

// The most columns that a block of B has: whole panels.
Index widest(bool transpose_a, Index panel) {
  return (transpose_a ? kWidthTN : kWidth) / panel * panel;
}

// One thread's product, block by block.
template <class T>
class Product {
 public:
  Product(const Team& team, const Gemm<T>& gemm, Range rows, Range cols, T* scratch)
      : team_(team),
        g_(gemm),
        rows_(rows),
        cols_(cols),
        k_(gemm.depth()),
        panel_(Index{kernel_.lanes} * kernel_.vectors),
        depth_(balanced(k_, kDepth)),
        width_(round_up(balanced(cols.size(), widest(gemm.transpose_a, panel_)), panel_)),
        pack_b_(gemm.transpose_b ||
                (rows.size() >= 64 && may_pack_b<T>(cols.size(), k_, false) && is_crowded<T>(gemm.b.stride))),
        pack_a_(gemm.transpose_a && is_crowded<T>(gemm.a.stride) && k_ >= 64 && cols.size() > panel_),
        packed_b_(scratch),
        packed_a_(scratch + (pack_b_ ? depth_ * width_ : 0)) {}

  void run() {
    for (Index j = cols_.begin; j < cols_.end; j += width_) {
      const Range cols{j, std::min(j + width_, cols_.end)};
      Index p = 0;
      do {  // also where k = 0: what C starts from must be written
        const Range steps{p, std::min(p + depth_, k_)};
        if (pack_b_) pack_b(cols, steps);
        for (Index i = rows_.begin; i < rows_.end; i += kHeight) {
          team_.poll();
          block({i, std::min(i + kHeight, rows_.end)}, cols, steps);
        }
        p += depth_;
      } while (p < k_);
    }
  }

 private:
  // Panels of `panel_` columns one after another, each (steps, panel_). B as it lies is read in strips of a
  // few rows, so that a line of the cache is read once, though it reaches into two panels.
  void pack_b(Range cols, Range steps) {
    const Index strip = g_.transpose_b ? steps.size() : 8;
    for (Index p = 0; p < steps.size(); p += strip) {
      const Index height = std::min(strip, steps.size() - p);
      for (Index j = cols.begin; j < cols.end; j += panel_) {
        const Index width = std::min(panel_, cols.end - j);
        T* to = packed_b_ + (j - cols.begin) * steps.size() + p * panel_;
        if (g_.transpose_b) {
          kernel_.pack_transposed(to, g_.b.row(j) + steps.begin + p, g_.b.stride, height, width, panel_);
        } else {
          kernel_.pack(to, g_.b.row(steps.begin + p) + j, g_.b.stride, height, width, panel_);
        }
      }
    }
  }

  void block(Range rows, Range cols, Range steps) {
    GemmTile<T> tile = tile_of(steps);
    const T* a = g_.a.data + rows.begin * tile.a_row + steps.begin * tile.a_k;
    if (pack_a_) {
      const Index stride = round_up(rows.size(), kernel_.lanes);
      kernel_.pack(packed_a_, a, tile.a_k, steps.size(), rows.size(), stride);
      a = packed_a_;
      tile.a_k = stride;
    }
    for (Index j = cols.begin; j < cols.end; j += panel_) {
      const Index width = std::min(panel_, cols.end - j);
      tile.b = pack_b_ ? packed_b_ + (j - cols.begin) * steps.size() : g_.b.row(steps.begin) + j;
      tile.tail = static_cast<int>(width % kernel_.lanes);
      const auto vectors = (width + kernel_.lanes - 1) / kernel_.lanes;
      const auto& functions = kernel_.tile[vectors][tile.tail != 0];
      // Balanced, so that no tile is left with one or two rows.
      const Index tiles = (rows.size() + kernel_.max_rows[vectors] - 1) / kernel_.max_rows[vectors];
      for (Index t = 0; t < tiles; ++t) {
        const Index begin = rows.size() * t / tiles;
        const Index height = rows.size() * (t + 1) / tiles - begin;
        const Index i = rows.begin + begin;
        tile.a = a + begin * tile.a_row;
        tile.c = g_.c.row(i) + j;
        tile.start = starts_from_c(steps) ? tile.c : g_.bias == nullptr ? nullptr : g_.bias + j;
        if (ends(steps) && g_.epilogue == Epilogue::relu_mask) tile.mask = g_.mask.row(i) + j;
        functions[height](tile);
      }
    }
  }

  // What all tiles of a block share.
  GemmTile<T> tile_of(Range steps) const {
    GemmTile<T> tile{};
    tile.k = steps.size();
    tile.a_row = g_.transpose_a ? 1 : g_.a.stride;
    tile.a_k = g_.transpose_a ? g_.a.stride : 1;
    tile.b_k = pack_b_ ? panel_ : g_.b.stride;
    tile.c_row = g_.c.stride;
    tile.start_row = starts_from_c(steps) ? g_.c.stride : 0;
    const bool relu = ends(steps) && g_.epilogue == Epilogue::bias_relu;
    tile.floor = relu ? T{0} : -std::numeric_limits<T>::infinity();
    tile.mask_row = g_.mask.stride;
    return tile;
  }

  bool starts_from_c(Range steps) const { return steps.begin > 0 || g_.epilogue == Epilogue::accumulate; }
  bool ends(Range steps) const { return steps.end == k_; }

  const GemmKernels<T>& kernel_ = kernels<T>().gemm;
  const Team& team_;
  const Gemm<T>& g_;
  const Range rows_;
  const Range cols_;
  const Index k_;
  const Index panel_;
  const Index depth_;  // steps, and columns, of a block
  const Index width_;
  const bool pack_b_;
  const bool pack_a_;
  T* const packed_b_;
  T* const packed_a_;
};

}  // namespace

template <class T>
Index gemm_scratch_size(Index m, Index n, Index k, bool transpose_a, bool transpose_b) {
  const GemmKernels<T>& kernel = kernels<T>().gemm;
  const Index panel = Index{kernel.lanes} * kernel.vectors;
  const Index depth = std::min(k, kDepth);
  // A thread may get any number of columns up to n, and cuts them into blocks of its own.
  const Index b = depth * std::min(round_up(n, panel), widest(transpose_a, panel));
  const Index a = depth * round_up(std::min(m, kHeight), kernel.lanes);
  const Index size = (may_pack_b<T>(n, k, transpose_b) ? b : 0) + (transpose_a ? a : 0);
  return round_up(size, kAlignment);
}

template <class T>
void gemm_block(const Team& team, const Gemm<T>& gemm, Range rows, Range cols, T* scratch) {
  if (rows.empty() || cols.empty()) return;
  Product<T>(team, gemm, rows, cols, scratch).run();
}

template <class T>
void gemm_by_rows(Team& team, const Gemm<T>& gemm, T* scratch) {
  gemm_block(team, gemm, team.share(gemm.c.rows), {0, gemm.c.cols}, scratch);
}

template <class T>
void gemm(Team& team, const Gemm<T>& gemm, T* scratch) {
  const Range all_rows{0, gemm.c.rows};
  const Range all_cols{0, gemm.c.cols};
  if (gemm.c.rows >= gemm.c.cols) {
    gemm_block(team, gemm, team.share(gemm.c.rows), all_cols, scratch);
  } else {
    gemm_block(team, gemm, all_rows, team.share(gemm.c.cols, kernels<T>().gemm.lanes), scratch);
  }
}

template Index gemm_scratch_size<float>(Index, Index, Index, bool, bool);
template Index gemm_scratch_size<double>(Index, Index, Index, bool, bool);
template void gemm_block(const Team&, const Gemm<float>&, Range, Range, float*);
template void gemm_block(const Team&, const Gemm<double>&, Range, Range, double*);
template void gemm_by_rows(Team&, const Gemm<float>&, float*);
template void gemm_by_rows(Team&, const Gemm<double>&, double*);
template void gemm(Team&, const Gemm<float>&, float*);
template void gemm(Team&, const Gemm<double>&, double*);

}  // namespace fastdnn
