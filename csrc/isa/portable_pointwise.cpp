#include "isa/portable.h"
#include "isa/table.h"
#include "kernels/activation-inl.h"
#include "kernels/normalize-inl.h"

namespace fastdnn {
namespace {

template <class T>
void fill(Kernels<T>& k) {
  using V = Portable<T>;
  k.add_bias = add_bias<V>;
  k.relu_forward = relu_forward<V>;
  k.relu_backward = relu_backward<V>;
  k.pass_gradient = pass_gradient<V>;
  k.normalize_forward = normalize_forward<V>;
  k.normalize_backward = normalize_backward<V>;
}

}  // namespace

void fill_portable_pointwise(KernelTable& table) {
  fill(table.f32);
  fill(table.f64);
}

}  // namespace fastdnn
