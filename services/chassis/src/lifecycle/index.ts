export type { Component } from "./component.ts";
