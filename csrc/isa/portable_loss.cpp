#include "isa/portable.h"
#include "isa/table.h"
#include "kernels/cross_entropy-inl.h"
#include "kernels/softmax-inl.h"
#include "kernels/squared_error-inl.h"

namespace fastdnn {
namespace {

template <class T>
void fill(Kernels<T>& k) {
  using V = Portable<T>;
  k.softmax_forward = softmax_forward<V>;
  k.softmax_backward = softmax_backward<V>;
  k.sparse_cross_entropy = sparse_cross_entropy<V>;
  k.categorical_cross_entropy = categorical_cross_entropy<V>;
  k.squared_error = squared_error<V>;
}

}  // namespace

void fill_portable_loss(KernelTable& table) {
  fill(table.f32);
  fill(table.f64);
}

}  // namespace fastdnn
