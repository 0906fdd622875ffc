// The operands of a step as the kernels want them.
#pragma once

#include "engine/step.h"

namespace fastdnn {

template <class T>
class Arguments {
 public:
  Arguments(const Step& step, const StepContext& context) : step_(step), context_(context) {}

  template <class U = T>
  U* pointer(int i) const {
    return reinterpret_cast<U*>(address(operand(i)));
  }
  template <class U = T>
  Matrix<U> matrix(int i) const {
    const Operand& o = operand(i);
    const Index rows = o.rows == 0 ? context_.n : o.rows;
    return {pointer<U>(i), o.space == Space::none ? 0 : rows, o.cols, o.cols};
  }
  T* scratch() const { return reinterpret_cast<T*>(context_.scratch); }
  // The factor of a row's loss in the batch's: its weight, over the number of rows where the loss is their mean.
  T scale(double loss_weight, bool is_sum) const {
    return static_cast<T>(is_sum ? loss_weight : loss_weight / static_cast<double>(context_.n));
  }

 private:
  const Operand& operand(int i) const { return step_.operands[static_cast<std::size_t>(i)]; }

  std::byte* address(const Operand& o) const {
    switch (o.space) {
      case Space::none:
        return nullptr;
      case Space::arena:
        return context_.arena + o.offset;
      case Space::theta:
        return context_.theta + o.offset;
      case Space::gradient:
        return context_.gradient + o.offset;
      case Space::sigma:
        return context_.sigma + o.offset;
      case Space::output:
        return context_.outputs[o.offset];
    }
    return nullptr;
  }

  const Step& step_;
  const StepContext& context_;
};

}  // namespace fastdnn
