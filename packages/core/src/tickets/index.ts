/** Tickets: a mask, the weights to start from, and where both came from. */
export { readTicket, ticketTensors, writeTicket } from './file.js'
export {
  checkTicket,
  denseTicket,
  maskedTicket,
  type OptimizerState,
  type Slots,
  type Ticket,
} from './ticket.js'
