import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { isSignedIn } from "./api/session.ts";
import { PageFailure, PageUnknown } from "./app/page-failure.tsx";
import { parseSearchText, searchOf, searchText } from "./app/search-text.ts";
import { runsSearchNames } from "./app/runs-search.ts";
import { Shell } from "./app/shell.tsx";

const root = createRootRoute({ component: Outlet });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: searchOf("next"),
  component: lazyRouteComponent(() => import("./pages/sign-in/sign-in-page.tsx"), "SignInPage"),
});

/** Everything that needs a session. */
const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  component: Shell,
  beforeLoad: async ({ cause, location }) => {
    if (cause !== "enter" || (await isSignedIn())) return;
    throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
});

const getParentRoute = () => app;

const pages = [
  createRoute({
    getParentRoute,
    path: "/",
    validateSearch: searchOf("period"),
    component: lazyRouteComponent(() => import("./pages/overview/overview-page.tsx"), "OverviewPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/runs",
    validateSearch: searchOf(...runsSearchNames),
    component: lazyRouteComponent(() => import("./pages/runs/runs-page.tsx"), "RunsPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/runs/$runId",
    component: lazyRouteComponent(() => import("./pages/run/run-page.tsx"), "RunPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/test",
    validateSearch: searchOf("task", "schedule"),
    component: lazyRouteComponent(() => import("./pages/test/test-page.tsx"), "TestPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/tasks",
    validateSearch: searchOf("task"),
    component: lazyRouteComponent(() => import("./pages/tasks/tasks-page.tsx"), "TasksPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/queues",
    validateSearch: searchOf("page"),
    component: lazyRouteComponent(() => import("./pages/queues/queues-page.tsx"), "QueuesPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/schedules",
    validateSearch: searchOf("schedule", "page"),
    component: lazyRouteComponent(() => import("./pages/schedules/schedules-page.tsx"), "SchedulesPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/batches",
    validateSearch: searchOf("batch", "page"),
    component: lazyRouteComponent(() => import("./pages/batches/batches-page.tsx"), "BatchesPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/tokens",
    validateSearch: searchOf("token", "page"),
    component: lazyRouteComponent(() => import("./pages/tokens/tokens-page.tsx"), "TokensPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/deployments",
    validateSearch: searchOf("version", "page"),
    component: lazyRouteComponent(() => import("./pages/deployments/deployments-page.tsx"), "DeploymentsPage"),
  }),
  createRoute({
    getParentRoute,
    path: "/environment",
    component: lazyRouteComponent(() => import("./pages/environment/environment-page.tsx"), "EnvironmentPage"),
  }),
] as const;

/** Every page and its address. What a page keeps in its URL is named here, and typed from here on. */
export const router = createRouter({
  routeTree: root.addChildren([signIn, app.addChildren(pages)]),
  parseSearch: parseSearchText,
  stringifySearch: searchText,
  defaultErrorComponent: PageFailure,
  defaultNotFoundComponent: PageUnknown,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
