import {
  Boxes,
  CalendarClock,
  ChartNoAxesColumn,
  FlaskConical,
  KeyRound,
  Layers,
  ListTree,
  type LucideIcon,
  Rocket,
  SquareFunction,
  Ticket,
} from "lucide-react";

/** The pages that can be reached from everywhere, in their order. */
export const navigation = [
  { to: "/", title: "Overview", icon: ChartNoAxesColumn },
  { to: "/runs", title: "Runs", icon: ListTree },
  { to: "/test", title: "Test", icon: FlaskConical },
  { to: "/tasks", title: "Tasks", icon: SquareFunction },
  { to: "/queues", title: "Queues", icon: Layers },
  { to: "/schedules", title: "Schedules", icon: CalendarClock },
  { to: "/batches", title: "Batches", icon: Boxes },
  { to: "/tokens", title: "Tokens", icon: Ticket },
  { to: "/deployments", title: "Deployments", icon: Rocket },
  { to: "/environment", title: "Environment", icon: KeyRound },
] as const satisfies readonly { readonly to: string; readonly title: string; readonly icon: LucideIcon }[];
