/** Tickets: a mask, the weights to start from, and where both came from. */
export { type ApplyOptions, applyTicket } from './apply.js'
export {
  type Control,
  type ControlContext,
  type ControlInput,
  type ControlName,
  controlSchema,
  controlTicket,
} from './controls.js'
export {
  readTicket,
  readTicketFile,
  type TicketEvidence,
  type TicketFile,
  ticketTensors,
  writeTicket,
} from './file.js'
export {
  checkTicket,
  denseTicket,
  maskedTicket,
  type OptimizerState,
  type Slots,
  type Ticket,
} from './ticket.js'
