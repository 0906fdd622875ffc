#include "kernels/gemm.h"

#include "tests.h"

namespace fastdnn::native {
namespace {

constexpr Epilogue kEpilogues[] = {Epilogue::none, Epilogue::bias, Epilogue::bias_relu, Epilogue::relu_mask,
                                   Epilogue::accumulate};

// What lies between two rows of a matrix: nothing, three elements, or as many as make the rows' distance a
// multiple of 1 KB or 512 bytes, so that they fall onto few sets of the cache, for which gemm.cpp packs.
enum class Rows { dense, strided, crowded };

Index gap_of(Rows how, Index cols) {
  return how == Rows::dense ? 0 : how == Rows::strided ? 3 : round_up(cols, 128) - cols;
}

// An operand as the sum over p reads it: row or column `element`, step after step.
template <class T>
struct Walk {
  const T* at;
  Index step;
  Walk(const Array<T>& x, bool is_row, Index element)
      : at(x.data() + element * (is_row ? x.matrix().stride : 1)), step(is_row ? 1 : x.matrix().stride) {}
};

// start + sum over p of a(p) b(p). ThreadSanitizer would spend most of its time on these reads, which race with
// nobody.
template <class T>
__attribute__((no_sanitize("thread"))) T naive(T start, Walk<T> a, Walk<T> b, Index k) {
  for (; k > 0; --k, a.at += a.step, b.at += b.step) start += *a.at * *b.at;
  return start;
}

// One product on whole numbers, against a naive loop.
template <class T>
void multiply(Case& c, Index k, bool transpose_a, bool transpose_b, Epilogue epilogue, Rows how) {
  const Index m = c.rows;
  const Index n = c.cols;
  const Index gap = gap_of(how, n);
  const auto matrix = [&](Index rows, Index cols) { return c.integers<T>(rows, cols, gap_of(how, cols)); };
  const auto a = transpose_a ? matrix(k, m) : matrix(m, k);
  const auto b = transpose_b ? matrix(n, k) : matrix(k, n);
  const auto bias = c.integers<T>(1, n);
  const auto mask = c.integers<T>(m, n, gap, 1);
  const auto before = c.integers<T>(m, n, gap);
  const auto got = epilogue == Epilogue::accumulate ? c.copy(before) : c.blank<T>(m, n, gap);
  Gemm<T> g{got, a, b, transpose_a, transpose_b, epilogue};
  if (epilogue == Epilogue::bias || epilogue == Epilogue::bias_relu) g.bias = bias.data();
  if (epilogue == Epilogue::relu_mask) g.mask = mask;
  const Index scratch = gemm_scratch_size<T>(m, n, k, transpose_a, transpose_b);
  const AlignedBuffer buffer(scratch * c.threads * static_cast<Index>(sizeof(T)));
  c.run([&](Team& team) { gemm(team, g, reinterpret_cast<T*>(buffer.data()) + scratch * team.rank()); });
  const auto want = [&](Index i, Index j) {
    const T start = g.bias != nullptr ? bias[j] : epilogue == Epilogue::accumulate ? before(i, j) : T{0};
    const T sum = naive(start, Walk<T>(a, !transpose_a, i), Walk<T>(b, transpose_b, j), k);
    const bool zero =
        (epilogue == Epilogue::bias_relu && sum < 0) || (epilogue == Epilogue::relu_mask && mask(i, j) <= 0);
    return zero ? T{0} : sum;
  };
  std::ostringstream name;
  name << "gemm k " << k << (transpose_a ? " Ta" : "") << (transpose_b ? " Tb" : "") << " epilogue "
       << static_cast<int>(epilogue) << " rows " << static_cast<int>(how);
  c.check(name.str(), got, want);
}

}  // namespace

// All transposes and epilogues, with few steps.
template <class T>
void gemm_tiles(Case& c) {
  for (int transposes = 0; transposes < 4; ++transposes) {
    for (const Epilogue epilogue : kEpilogues) {
      const Rows how = c.random.integer(0, 1) == 0 ? Rows::dense : Rows::strided;
      multiply<T>(c, c.random.integer(0, 19), (transposes & 1) != 0, (transposes & 2) != 0, epilogue, how);
    }
  }
}

// Around the blocks of gemm.cpp: KC = 512 here, MC = 192 and NC = 512 by the sizes in main.cpp.
template <class T>
void gemm_blocks(Case& c) {
  for (int transposes = 0; transposes < 4; ++transposes) {
    for (const Index k : {64, 511, 512, 513}) {
      const Epilogue epilogue = kEpilogues[c.random.integer(0, 4)];
      multiply<T>(c, k, (transposes & 1) != 0, (transposes & 2) != 0, epilogue, Rows::crowded);
    }
  }
}

// Of a size from which on B is packed without being transposed.
template <class T>
void gemm_packed(Case& c) {
  multiply<T>(c, 513, false, false, Epilogue::accumulate, Rows::crowded);
}

template void gemm_tiles<float>(Case&);
template void gemm_tiles<double>(Case&);
template void gemm_blocks<float>(Case&);
template void gemm_blocks<double>(Case&);
template void gemm_packed<float>(Case&);
template void gemm_packed<double>(Case&);

}  // namespace fastdnn::native
