{{- /* An entry of `initContainers`: restarted always, it starts before the pod's other containers
and ends after them. It listens to the pod alone, which is why nothing but a command can probe it. */ -}}
{{- define "unhaunt.sidecar" -}}
- name: unhaunt
  image: {{ include "unhaunt.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  restartPolicy: Always
  args:
    - serve
    - --host=127.0.0.1
    - --port=8085
    {{- with include "unhaunt.serve.options" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
  env:
    {{- if .Values.policyConfigMap }}
    - name: UNHAUNT_POLICY
      value: /etc/unhaunt/policy.toml
    {{- end }}
    {{- include "unhaunt.env" . | nindent 4 }}
  {{- with .Values.extraEnvFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  # The pod does not wait for lists: until they are read, the ad server is told 503.
  startupProbe:
    exec:
      command: {{ include "unhaunt.sidecar.alive" . }}
    periodSeconds: 5
    timeoutSeconds: 4
    failureThreshold: 12
  livenessProbe:
    exec:
      command: {{ include "unhaunt.sidecar.alive" . }}
    periodSeconds: 10
    timeoutSeconds: 4
    failureThreshold: 6
  resources:
    {{- toYaml .Values.serve.resources | nindent 4 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
    {{- include "unhaunt.containerSecurityContext" . | nindent 4 }}
  volumeMounts:
    - name: unhaunt-tmp
      mountPath: /tmp
    {{- if .Values.serve.onDisk }}
    - name: unhaunt-lists
      mountPath: /var/lib/unhaunt
    {{- end }}
    # A folder, not a file: only so what is new in it comes to a pod that runs.
    {{- if .Values.policyConfigMap }}
    - name: unhaunt-policy
      mountPath: /etc/unhaunt
      readOnly: true
    {{- end }}
    {{- with .Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "unhaunt.sidecar.alive" -}}
["python3", "-c", "import urllib.request as http; http.urlopen('http://127.0.0.1:8085/health/live', timeout=3)"]
{{- end -}}

{{- /* The entries of `volumes` that it needs. */ -}}
{{- define "unhaunt.sidecar.volumes" -}}
- name: unhaunt-tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if .Values.serve.onDisk }}
- name: unhaunt-lists
  emptyDir: {}
{{- end }}
{{- with .Values.policyConfigMap }}
- name: unhaunt-policy
  configMap:
    name: {{ . }}
{{- end }}
{{- end -}}
