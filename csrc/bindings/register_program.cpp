#include <pybind11/stl.h>

#include <map>
#include <memory>
#include <string>
#include <variant>

#include "bindings/arrays.h"
#include "bindings/register.h"
#include "engine/plan.h"

namespace fastdnn::bindings {
namespace {

Role role_from(const std::string& name) {
  if (name == "source") return Role::source;
  if (name == "parameter") return Role::parameter;
  if (name == "gradient") return Role::gradient;
  if (name == "state") return Role::state;
  check(name == "computed", "Program", "expected a role, got '", name, "'");
  return Role::computed;
}

using OptionValues = std::map<std::string, std::variant<double, std::string>>;

void set_option(Op& op, const std::string& name, const std::variant<double, std::string>& value) {
  const std::vector<const char*>& known = op.operation->options;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (option_name(known[i]) != name) continue;
    const auto* text = std::get_if<std::string>(&value);
    op.options[i] = text == nullptr ? std::get<double>(value) : option_number(known[i], *text);
    return;
  }
  fail("Program", "expected an option of ", op.operation->name, ", got '", name, "'");
}

const char* name_of(Space space) {
  switch (space) {
    case Space::none:
      return "none";
    case Space::arena:
      return "arena";
    case Space::theta:
      return "theta";
    case Space::gradient:
      return "gradient";
    case Space::sigma:
      return "sigma";
    case Space::output:
      return "output";
  }
  return "none";
}

const char* name_of(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::none:
      return "";
    case Epilogue::bias:
      return "bias";
    case Epilogue::bias_relu:
      return "bias + relu";
    case Epilogue::relu_mask:
      return "relu mask";
    case Epilogue::accumulate:
      return "accumulate";
  }
  return "";
}

py::dict describe_operand(const Plan& plan, const Operand& operand, int value) {
  py::dict row;
  row["value"] = value;
  row["name"] = value < 0 ? std::string() : plan.values()[static_cast<std::size_t>(value)].name;
  row["space"] = name_of(operand.space);
  row["offset"] = operand.offset;
  row["rows"] = operand.rows;
  row["cols"] = operand.cols;
  row["item_bytes"] = size_of(operand.dtype);
  return row;
}

py::dict describe_step(const Plan& plan, const Step& step) {
  py::dict row;
  py::list ops;
  for (const int op : step.ops)
    ops.append(plan.program().ops()[static_cast<std::size_t>(op)].operation->name);
  py::list operands;
  for (std::size_t i = 0; i < step.values.size(); ++i)
    operands.append(describe_operand(plan, step.operands[i], step.values[i]));
  row["kind"] = step.kind;
  row["ops"] = ops;
  row["operands"] = operands;
  row["outputs"] = step.outputs;
  row["epilogue"] = name_of(step.accumulate ? Epilogue::accumulate : step.epilogue);
  row["row_local"] = step.row_local;
  row["barrier_before"] = step.barrier_before;
  row["flops_per_row"] = step.flops_per_row;
  row["call"] = step.call;
  return row;
}

py::list describe(const Plan& plan, const std::vector<Step>& steps) {
  py::list rows;
  for (const Step& step : steps) rows.append(describe_step(plan, step));
  return rows;
}

Op op_from(const std::string& kind, const std::vector<int>& inputs, const std::vector<int>& outputs,
           bool accumulate, const OptionValues& options, int call) {
  Op op;
  op.operation = &operation_named(kind);
  op.inputs = inputs;
  op.outputs = outputs;
  op.accumulate = accumulate;
  op.call = call;
  for (const auto& [name, value] : options) set_option(op, name, value);
  check(options.size() == op.operation->options.size(), "Program", "expected ", op.operation->options.size(),
        " options of ", kind, ", got ", options.size());
  return op;
}

}  // namespace

void register_program(py::module_& m) {
  py::class_<Program>(m, "Program", "Unfused operations on typed values; made by fastdnn.program.")
      .def(py::init<>())
      .def(
          "value",
          [](Program& program, const std::string& name, const std::string& role, bool integer, Index rows,
             Index cols, int slot, bool sparse) {
            return program.add_value({name, role_from(role), integer, rows, cols, slot, sparse});
          },
          py::arg("name"), py::arg("role"), py::arg("integer"), py::arg("rows"), py::arg("cols"),
          py::arg("slot"), py::arg("sparse") = false)
      .def(
          "op",
          [](Program& program, const std::string& kind, const std::vector<int>& inputs,
             const std::vector<int>& outputs, bool accumulate, const OptionValues& options,
             int call) { return program.add_op(op_from(kind, inputs, outputs, accumulate, options, call)); },
          py::arg("kind"), py::arg("inputs"), py::arg("outputs"), py::arg("accumulate") = false,
          py::arg("options") = OptionValues{}, py::arg("call") = -1)
      .def(
          "result",
          [](Program& program, const std::string& name, int value, int weights, bool loss) {
            return program.add_result({name, value, weights, loss});
          },
          py::arg("name"), py::arg("value"), py::arg("weights"), py::arg("loss"))
      .def("output", &Program::add_output, py::arg("value"))
      .def(
          "watch",
          [](Program& program, int value, bool norm_only, double low, double high) {
            program.add_watch({value, norm_only, low, high});
          },
          py::arg("value"), py::arg("norm_only"), py::arg("low"), py::arg("high"),
          "Sampled steps tell of this value: all figures, or the norm alone.");

  py::class_<Plan, std::shared_ptr<Plan>>(m, "Plan", "How a program runs natively.")
      .def(py::init([](const Program& program, const Parameters& parameters, Index max_batch) {
             return std::make_shared<Plan>(program, parameters, max_batch);
           }),
           py::arg("program"), py::arg("parameters"), py::arg("max_batch"))
      .def_property_readonly("max_batch", &Plan::max_batch)
      .def_property_readonly("arena_bytes", &Plan::arena_bytes)
      .def_property_readonly("scratch_bytes", &Plan::scratch_bytes)
      .def("useful_threads", &Plan::useful_threads, py::arg("rows"), py::arg("runs") = 1000,
           py::arg("warm") = false)
      .def(
          "describe", [](const Plan& plan) { return describe(plan, plan.steps()); },
          "A dictionary for each step.")
      .def(
          "describe_updates", [](const Plan& plan) { return describe(plan, plan.updates()); },
          "A dictionary for each update of states, which follow the optimiser's.")
      .def(
          "describe_observers", [](const Plan& plan) { return describe(plan, plan.observers()); },
          "A dictionary for each call that sees what a kept step computed.");
}

}  // namespace fastdnn::bindings
