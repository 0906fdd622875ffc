#include "engine/fuse.h"

#include "core/check.h"

namespace fastdnn {
namespace {

class Fuser {
 public:
  Fuser(const Program& program, const StepFunctions& functions)
      : program_(program), f_(functions), readers_(program.values().size()), done_(program.ops().size()) {
    for (std::size_t i = 0; i < program_.ops().size(); ++i) {
      for (const int input : program_.ops()[i].inputs) readers_[at(input)].push_back(static_cast<int>(i));
    }
    for (const Result& result : program_.results()) readers_[at(result.value)].push_back(kOutside);
    if (program_.output() >= 0) readers_[at(program_.output())].push_back(kOutside);
  }

  void add_gathers() {
    for (std::size_t i = 0; i < program_.values().size(); ++i) {
      const Value& value = program_.values()[i];
      if (value.role != Role::source) continue;
      Step& step =
          add("gather", value.integer ? f_.gather_labels : f_.gather, {}, {static_cast<int>(i)}, true);
      step.slot = value.slot;
    }
  }

  void add_reductions() {
    for (std::size_t i = 0; i < program_.results().size(); ++i) {
      const Result& result = program_.results()[i];
      Step& step = add("reduce", f_.reduce, {}, {result.value, result.weights}, false);
      step.outputs = 0;
      step.slot = static_cast<Index>(i);
    }
  }

  void add_ops() {
    for (int i = 0; i < static_cast<int>(program_.ops().size()); ++i) {
      if (!done_[at(i)]) add_op(i);
    }
  }

  std::vector<Step> steps() { return std::move(steps_); }

 private:
  static constexpr int kOutside = -1;  // a reader that is no operation
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  const Op& op(int index) const { return program_.ops()[at(index)]; }

  Step& add(const char* kind, Step::Run run, std::vector<int> ops, std::vector<int> values, bool row_local) {
    Step step;
    step.kind = kind;
    step.run = run;
    step.ops = std::move(ops);
    step.values = std::move(values);
    step.row_local = row_local;
    for (const int index : step.ops) {
      done_[at(index)] = true;
      step.accumulate = step.accumulate || op(index).accumulate;
    }
    steps_.push_back(std::move(step));
    return steps_.back();
  }

  // The operation that alone reads the output of `index`,
  // if it is of this kind and writes its own output afresh.
  int fusable_reader(int index, OpKind kind) const {
    const std::vector<int>& readers = readers_[at(op(index).output)];
    if (readers.size() != 1 || readers[0] < 0) return -1;
    const Op& reader = op(readers[0]);
    return reader.kind == kind && !reader.accumulate && !op(index).accumulate ? readers[0] : -1;
  }

  void add_op(int i) {
    const Op& o = op(i);
    const int y = o.output;
    const auto in = [&](std::size_t k) { return k < o.inputs.size() ? o.inputs[k] : -1; };
    switch (o.kind) {
      case OpKind::matmul:
        return add_matmul(i);
      case OpKind::matmul_dx:
        return add_matmul_dx(i);
      case OpKind::matmul_dw:
        add("gemm", f_.gemm_tn, {i}, {y, in(0), in(1)}, false).flops_per_row = flops(y);
        return;
      case OpKind::column_sum:
        add("column_sum", f_.column_sum, {i}, {y, in(0)}, false);
        return;
      case OpKind::add_bias:
        add("add_bias", f_.add_bias, {i}, {y, in(0), in(1)}, true);
        return;
      case OpKind::relu:
        add("relu", f_.relu, {i}, {y, in(0)}, true);
        return;
      case OpKind::relu_backward:
        add("relu_backward", f_.relu_backward, {i}, {y, in(0), in(1)}, true);
        return;
      case OpKind::pass_gradient:
        add("pass_gradient", f_.pass_gradient, {i}, {y, in(0)}, true);
        return;
      case OpKind::normalize:
        add("normalize", f_.normalize, {i}, {y, in(0), in(1), in(2)}, true);
        return;
      case OpKind::normalize_backward:
        add("normalize_backward", f_.normalize_backward, {i}, {y, in(0), in(1)}, true);
        return;
      case OpKind::softmax:
        add("softmax", f_.softmax, {i}, {y, in(0)}, true);
        return;
      case OpKind::softmax_backward:
        add("softmax_backward", f_.softmax_backward, {i}, {y, in(0), in(1)}, true);
        return;
      case OpKind::sparse_cross_entropy:
        return add_loss(i, f_.sparse_cross_entropy, OpKind::sparse_cross_entropy_backward);
      case OpKind::categorical_cross_entropy:
        return add_loss(i, f_.categorical_cross_entropy, OpKind::categorical_cross_entropy_backward);
      case OpKind::squared_error:
        return add_loss(i, f_.squared_error, OpKind::squared_error_backward);
      case OpKind::sparse_accuracy:
        add("sparse_accuracy", f_.sparse_accuracy, {i}, {y, in(0), in(1)}, true);
        return;
      case OpKind::categorical_accuracy:
        add("categorical_accuracy", f_.categorical_accuracy, {i}, {y, in(0), in(1)}, true);
        return;
      case OpKind::sparse_cross_entropy_backward:
      case OpKind::categorical_cross_entropy_backward:
      case OpKind::squared_error_backward:
        fail("Plan", "expected ", name_of(o.kind), " after the loss of the same prediction and target");
    }
  }

  // matmul [+ add_bias [+ relu]]: one product with an epilogue.
  void add_matmul(int i) {
    const std::vector<int>& in = op(i).inputs;
    std::vector<int> ops{i};
    std::vector<int> values{op(i).output, in[0], in[1]};
    Epilogue epilogue = Epilogue::none;
    const int bias = fusable_reader(i, OpKind::add_bias);
    if (bias >= 0 && op(bias).inputs[0] == op(i).output) {
      ops.push_back(bias);
      values = {op(bias).output, in[0], in[1], op(bias).inputs[1]};
      epilogue = Epilogue::bias;
      const int relu = fusable_reader(bias, OpKind::relu);
      if (relu >= 0) {
        ops.push_back(relu);
        values[0] = op(relu).output;
        epilogue = Epilogue::bias_relu;
      }
    }
    const Index work = flops(in[1]);
    Step& step = add("gemm", f_.gemm_nn, std::move(ops), std::move(values), true);
    step.epilogue = epilogue;
    step.flops_per_row = work;
  }

  // matmul_dx [+ relu_backward]: the mask of the layer below as the epilogue.
  void add_matmul_dx(int i) {
    const std::vector<int>& in = op(i).inputs;
    std::vector<int> ops{i};
    std::vector<int> values{op(i).output, in[0], in[1]};
    Epilogue epilogue = Epilogue::none;
    const int mask = fusable_reader(i, OpKind::relu_backward);
    if (mask >= 0 && op(mask).inputs[1] == op(i).output) {
      ops.push_back(mask);
      values = {op(mask).output, in[0], in[1], -1, op(mask).inputs[0]};
      epilogue = Epilogue::relu_mask;
    }
    const Index work = flops(in[1]);
    Step& step = add("gemm", f_.gemm_nt, std::move(ops), std::move(values), true);
    step.epilogue = epilogue;
    step.flops_per_row = work;
  }

  // A loss and, where the program has it, its gradient in the same pass.
  void add_loss(int i, Step::Run run, OpKind backward) {
    const std::vector<int>& in = op(i).inputs;
    std::vector<int> ops{i};
    std::vector<int> values{op(i).output, -1, in[0], in[1], -1};
    for (int j = i + 1; j < static_cast<int>(program_.ops().size()); ++j) {
      const Op& o = op(j);
      if (o.kind != backward || done_[at(j)] || o.inputs[0] != in[0] || o.inputs[1] != in[1]) continue;
      ops.push_back(j);
      values[1] = o.output;
      if (o.inputs.size() > 2) values[4] = o.inputs[2];
      break;
    }
    add(name_of(op(i).kind), run, std::move(ops), std::move(values), true).outputs = 2;
  }

  Index flops(int matrix) const { return 2 * program_.value(matrix).rows * program_.value(matrix).cols; }

  const Program& program_;
  const StepFunctions& f_;
  std::vector<std::vector<int>> readers_;  // operations that read each value
  std::vector<bool> done_;                 // operations that are in a step
  std::vector<Step> steps_;
};

}  // namespace

std::vector<Step> fuse(const Program& program, const StepFunctions& functions, bool gather_sources) {
  Fuser fuser(program, functions);
  if (gather_sources) fuser.add_gathers();
  fuser.add_ops();
  fuser.add_reductions();
  return fuser.steps();
}

}  // namespace fastdnn
