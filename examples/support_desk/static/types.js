// The shapes of what goes over the wire, for editors and readers. There is no code here.

/**
 * A person in a room.
 * @typedef {object} Person
 * @property {string} id
 * @property {string | null} name
 * @property {string | null} address
 * @property {string} channel
 * @property {string} role
 * @property {string} identification
 * @property {string | null} resolved_by
 * @property {boolean} left
 */

/**
 * A channel in a room.
 * @typedef {object} RoomChannel
 * @property {string} id
 * @property {string} type
 * @property {string} category
 * @property {string | null} provider
 * @property {string | null} recipient
 * @property {string} access
 * @property {boolean} muted
 * @property {number | null} last_read
 */

/**
 * Everything about a room but its timeline.
 * @typedef {object} RoomState
 * @property {string} title
 * @property {boolean} taken_over
 * @property {RoomChannel[]} channels
 * @property {Person[]} people
 * @property {{id: string, title: string, status: string}[]} tasks
 * @property {{id: string, category: string, content: string}[]} observations
 */

/**
 * A row of the timeline, with what became of it.
 * @typedef {object} Row
 * @property {string} id
 * @property {number} index
 * @property {string} type
 * @property {string} at
 * @property {string | null} who
 * @property {string} channel
 * @property {string} text
 * @property {string | null} subject
 * @property {string | null} target
 * @property {string} status
 * @property {string | null} blocked_by
 * @property {string | null} reason
 * @property {string} visibility
 * @property {boolean} edited
 * @property {boolean} deleted
 * @property {{channel: string, success: boolean, status: string | null, error: string | null}[]} deliveries
 */

/**
 * Something that is shown between the rows and not stored: a thought, a tool call …
 * @typedef {object} Trace
 * @property {number} id
 * @property {"thinking" | "tool" | "identity" | "failure"} kind
 * @property {number} position
 * @property {boolean} running
 * @property {string} [who]
 * @property {string} [title]
 * @property {string} [text]
 */

/**
 * What is going on in a room at this moment.
 * @typedef {object} Live
 * @property {string[]} typing
 * @property {Record<string, string>} presence
 * @property {{id: string, channel: string, text: string}[]} streams
 * @property {Trace[]} traces
 */

/**
 * A room as the list shows it.
 * @typedef {object} Summary
 * @property {string} id
 * @property {string} title
 * @property {boolean} known
 * @property {boolean} taken_over
 * @property {number} unread
 * @property {string} last
 * @property {string} at
 */

/**
 * A telephone on the page, and a text message on it.
 * @typedef {{number: string, owner: string, customer_number: string | null, on: boolean}} Telephone
 * @typedef {{id: string, direction: "in" | "out", body: string, state: string, at: string}} TextMessage
 */

export {};
