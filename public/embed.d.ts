/** Names and values of parameters, as in a link: `{ preset: "order-processing", seed: 7, ackLoss: "5%" }`. */
export interface Options {
  preset?: string;
  seed?: number;
  /** Simulated to real time: 1 is real time. */
  speed?: number | string;
  autoplay?: boolean;
  theme?: "auto" | "light" | "dark" | "projector" | "contrast";
  motion?: "auto" | "reduce" | "full";
  controls?: "auto" | "0" | "min" | "full";
  panels?: string;
  title?: string;
  /** Load nothing before a click. */
  ctl?: boolean;
  readonly?: boolean;
  loop?: boolean;
  /** A whole state, as `getState` answers it. */
  state?: string;
  [parameter: string]: string | number | boolean | undefined;
}

/** The verdict on one service. */
export interface ServiceMetrics {
  name: string;
  guarantee: "at-most-once" | "at-least-once" | "at-least-once-idempotent" | "exactly-once";
  held: boolean;
  published: number;
  delivered: number;
  processed: number;
  effects: number;
  lost: number;
  lost_acknowledged: number;
  duplicated: number;
  out_of_order: number;
  pending: number;
  dead_lettered: number;
  latency_us: { p50: number; p99: number };
}

export interface Metrics {
  version: string;
  currentTime: number;
  playbackRate: number;
  paused: boolean;
  ended: boolean;
  published: number;
  acked: number;
  gave_up: number;
  services: ServiceMetrics[];
}

export interface State {
  /** Opaque; give it back to `setState`, or put it behind `#` in a link. */
  state: string;
}

interface Moment { currentTime: number }
interface Happening { at: number; service: string | null; message: number; missed?: number }

export interface DeliveryLabEvents {
  ready: CustomEvent<{ version: string; presets: string[] }>;
  play: CustomEvent<Moment>;
  pause: CustomEvent<Moment>;
  seeked: CustomEvent<Moment>;
  /** At most four times a second. */
  timeupdate: CustomEvent<Moment>;
  ended: CustomEvent<Moment>;
  ratechange: CustomEvent<{ playbackRate: number }>;
  statechange: CustomEvent<State>;
  delivery: CustomEvent<Happening & { nth: number }>;
  duplicate: CustomEvent<Happening & { anomaly: string; allowed: boolean }>;
  loss: CustomEvent<Happening & { anomaly: string; allowed: boolean }>;
  violation: CustomEvent<Happening & { anomaly: string; allowed: boolean }>;
  error: CustomEvent<{ field: string; sentence: string }>;
}

/** The element `<delivery-lab>`. Attributes are the parameters in kebab-case. */
export class DeliveryLab extends HTMLElement {
  /** Resolves once the figure runs. Rejects, with a sentence, where it cannot, or has not come after 45 s. */
  readonly ready: Promise<DeliveryLab>;
  readonly paused: boolean;
  /** Simulated time in seconds; setting it seeks. */
  currentTime: number;
  /** Simulated to real time. Setting it takes the nearest of the speeds there are, and `ratechange` says which. */
  playbackRate: number | undefined;
  /** Loads the figure now, in sight or not. */
  load(): Promise<DeliveryLab>;
  play(): Promise<null>;
  pause(): Promise<null>;
  /** So many events on; back where `n` is negative. */
  step(n?: number): Promise<null>;
  /** To a moment of simulated time, in seconds. */
  seek(t: number): Promise<null>;
  reset(): Promise<null>;
  /** Sets parameters, all or none. Rejects with a sentence that names the parameter. */
  set(values: Record<string, string | number | boolean>): Promise<null>;
  getState(): Promise<State>;
  setState(state: string): Promise<null>;
  getMetrics(): Promise<Metrics>;
  addEventListener<K extends keyof DeliveryLabEvents>(type: K, listener: (event: DeliveryLabEvents[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

/** Gives a figure these options, and takes away those of `before` that are not among them. */
export function dress(figure: DeliveryLab, options: Options, before?: Options): void;

/** Puts a figure into an element. */
export function mount(element: Element, options?: Options): DeliveryLab;

declare global {
  interface HTMLElementTagNameMap { "delivery-lab": DeliveryLab }
}
