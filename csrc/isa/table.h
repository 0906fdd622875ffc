// The function table: one pointer for each serial kernel of the SIMD text, filled by the units
// (isa/<unit>_<family>.cpp). Argument order is outputs, inputs, sizes, options. What each one computes stands
// in kernels/X.h.
#pragma once

#include "core/view.h"

namespace fastdnn {

// What the last pass over a tile of C = A B does to it.
enum class Epilogue : std::uint8_t {
  none,        // C = A B
  bias,        // C = A B + bias
  bias_relu,   // C = relu(A B + bias)
  relu_mask,   // C = A B where not (mask <= 0), else 0
  accumulate,  // C = C + A B
};

// One tile: C (rows, cols) from `k` steps. Its rows and vectors are fixed by the function; A is read at
// a[i * a_row + p * a_k], B at b[p * b_k + j].
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
  Epilogue epilogue;
  const T* bias;  // (cols,)
  const T* mask;  // (rows, cols)
  Index mask_row;
};

constexpr int kGemmMaxVectors = 4;
constexpr int kGemmMaxRows = 16;

template <class T>
struct GemmKernels {
  int lanes;                                                                   // elements of a vector
  int vectors;                                                                 // of a full tile
  int max_rows[kGemmMaxVectors + 1];                                           // of a tile by its vectors
  void (*tile[kGemmMaxVectors + 1][2][kGemmMaxRows + 1])(const GemmTile<T>&);  // [vectors][has a tail][rows]
  // packed[p * stride + j] = b[j * b_row + p] for p < k, j < n: a panel of the transposed B.
  void (*pack_transposed)(T* packed, const T* b, Index b_row, Index k, Index n, Index stride);
};

// The scalars of one optimiser step, see kernels/update.h.
struct SgdStep {
  double alpha, momentum;
  bool nesterov;
};
struct AdamStep {
  double alpha, beta_1, beta_2, epsilon;
};

template <class T>
struct Kernels {
  GemmKernels<T> gemm;
  void (*column_sum)(T* sums, Matrix<const T> x, bool accumulate);
  void (*add_bias)(Matrix<T> y, Matrix<const T> x, const T* bias);
  void (*relu_forward)(Matrix<T> y, Matrix<const T> x);
  void (*relu_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);
  void (*pass_gradient)(Matrix<T> dx, Matrix<const T> dy, bool accumulate);
  void (*normalize_forward)(Matrix<T> y, Matrix<const T> x, const T* mean, const T* std);
  void (*normalize_backward)(Matrix<T> dx, Matrix<const T> dy, const T* std, bool accumulate);
  void (*softmax_forward)(Matrix<T> y, Matrix<const T> x);
  void (*softmax_backward)(Matrix<T> dx, Matrix<const T> y, Matrix<const T> dy, bool accumulate);
  void (*sparse_cross_entropy)(T* row_loss, Matrix<T> dz, Matrix<const T> z, const std::int32_t* labels,
                               const T* weights, T scale);
  void (*categorical_cross_entropy)(T* row_loss, Matrix<T> dz, Matrix<const T> z, Matrix<const T> target,
                                    const T* weights, T scale);
  void (*squared_error)(T* row_loss, Matrix<T> dy, Matrix<const T> y, Matrix<const T> target,
                        const T* weights, T scale);
  void (*sgd_update)(T* theta, T* velocity, const T* gradient, Index n, const SgdStep& step);
  void (*adam_update)(T* theta, T* m, T* v, const T* gradient, Index n, const AdamStep& step);
};

struct KernelTable {
  const char* unit;
  Kernels<float> f32;
  Kernels<double> f64;
};

// The table in use; chosen once, at the first call, see isa/dispatch.cpp.
const KernelTable& kernel_table();

template <class T>
const Kernels<T>& kernels();
template <>
inline const Kernels<float>& kernels<float>() {
  return kernel_table().f32;
}
template <>
inline const Kernels<double>& kernels<double>() {
  return kernel_table().f64;
}

// Each unit's families fill their part of a table.
void fill_portable_gemm(KernelTable& table);
void fill_portable_pointwise(KernelTable& table);
void fill_portable_loss(KernelTable& table);
void fill_portable_update(KernelTable& table);

}  // namespace fastdnn
